; basketgex-setup.exe: Basket GEX for one user, without administrator's rights. Built on Linux by `make windows-installer`.
;
;   /S               silently
;   /SOURCE=NAME     sample, cboe, chain-files (with /FOLDER=...) or flashalpha (its key in FLASHALPHA_API_KEY); without it what
;                    is set stays
;   /D=FOLDER        elsewhere; the last one, and unquoted
;
; It ends with 0: done; 1: given up by the user; 2: failed, nothing was changed; 3: Excel or another program holds what has to be
; replaced, nothing was changed. The uninstaller takes /S and /PURGE, which takes settings, history and key too.
Unicode true
Target amd64-unicode
ManifestDPIAware true
ManifestSupportedOS all
RequestExecutionLevel user
!ifdef FAST
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64
!endif
!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include nsDialogs.nsh

SetDateSave off ; the same files are the same bytes
Name "Basket GEX"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Basket GEX"
InstallDirRegKey HKCU "Software\basketgex" "folder"
ShowInstDetails nevershow
ShowUninstDetails nevershow
BrandingText "Basket GEX ${VERSION}"
!define GONE "Software\Microsoft\Windows\CurrentVersion\Uninstall\basketgex"
!define XLAM "$APPDATA\Microsoft\Excel\XLSTART\basketgex.xlam"
!define SHOWN "MB_OK|MB_ICONSTOP"

Var source
Var folder
Var key
Var sampleButton
Var cboeButton
Var filesButton
Var flashButton
Var folderBox
Var keyBox

!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_DIRECTORY
Page custom SourcePage SourceChosen
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_TITLE "Basket GEX is installed"
!define MUI_FINISHPAGE_TEXT "Start Excel and type =BASKETGEX($\"NVDA,AMD,AVGO$\") into a cell. Templates, a check and a command line are in the Start menu."
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Basket GEX"
VIAddVersionKey "FileDescription" "Basket GEX for Excel"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT"

; Says a sentence and ends with an exit code, before anything was changed.
!macro End sentence code
  MessageBox ${SHOWN} "${sentence}" /SD IDOK
  SetErrorLevel ${code}
  Quit
!macroend

!macro ExcelLetsGo un
; Excel has its add-ins open without sharing them for writing.
Function ${un}ExcelLetsGo
  again:
  ${If} ${FileExists} "${XLAM}"
    ClearErrors
    FileOpen $0 "${XLAM}" a
    ${If} ${Errors}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Excel is open and holds the add-in: close Excel, then try again." /SD IDCANCEL IDRETRY again
      SetErrorLevel 3
      Quit
    ${EndIf}
    FileClose $0
  ${EndIf}
FunctionEnd
!macroend
!insertmacro ExcelLetsGo ""
!insertmacro ExcelLetsGo "un."

; The 64-bit add-in cannot be loaded by a 32-bit Excel. $0: "x86" where that is what is installed.
Function ExcelsBits
  ReadRegStr $0 HKLM "SOFTWARE\Microsoft\Office\ClickToRun\Configuration" "Platform"
  ${If} $0 == ""
    ReadRegStr $1 HKLM "SOFTWARE\Microsoft\Office\16.0\Excel\InstallRoot" "Path"
    ReadRegStr $2 HKLM "SOFTWARE\WOW6432Node\Microsoft\Office\16.0\Excel\InstallRoot" "Path"
    ${If} $1 == ""
    ${AndIf} $2 != ""
      StrCpy $0 "x86"
    ${EndIf}
  ${EndIf}
FunctionEnd

Function .onInit
  SetRegView 64
  SetShellVarContext current
  Call ExcelsBits
  ${If} $0 == "x86"
    !insertmacro End "This Excel is a 32-bit one, and Basket GEX is for the 64-bit Excel. Install the 64-bit Excel (File, Account, About Excel says which it is), then run this again." 2
  ${EndIf}
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/SOURCE=" $source
  ${GetOptions} $0 "/FOLDER=" $folder
  ReadEnvStr $key "FLASHALPHA_API_KEY"
  ${If} $source != ""
  ${AndIf} $source != "sample"
  ${AndIf} $source != "cboe"
  ${AndIf} $source != "chain-files"
  ${AndIf} $source != "flashalpha"
    !insertmacro End "/SOURCE is sample, cboe, chain-files or flashalpha." 2
  ${EndIf}
  ${If} $source == "chain-files"
    ${If} $folder == ""
    ${OrIfNot} ${FileExists} "$folder\*.*"
      !insertmacro End "/SOURCE=chain-files needs /FOLDER, a folder with option chains." 2
    ${EndIf}
  ${EndIf}
FunctionEnd

Function SourcePage
  !insertmacro MUI_HEADER_TEXT "Where figures come from" "It can be changed at any time: Basket GEX, Settings in Excel's ribbon, or basketgex source."
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 0 100% 10u "&Sample: invented figures, for trying"
  Pop $sampleButton
  ${NSD_CreateRadioButton} 0 16u 100% 10u "&Cboe: real chains, 15 minutes late, free"
  Pop $cboeButton
  ${NSD_CreateRadioButton} 0 32u 100% 10u "&My own option chains, in this folder:"
  Pop $filesButton
  ${NSD_CreateDirRequest} 12u 45u 70% 12u "$folder"
  Pop $folderBox
  ${NSD_CreateBrowseButton} 74% 45u 20% 12u "&Browse..."
  Pop $0
  ${NSD_OnClick} $0 Browsed
  ${NSD_CreateRadioButton} 0 66u 100% 10u "&FlashAlpha: live figures, with this key of your own:"
  Pop $flashButton
  ${NSD_CreatePassword} 12u 79u 70% 12u ""
  Pop $keyBox
  ${NSD_CreateLabel} 12u 94u 90% 20u "The key goes into Windows' own store of credentials, and into no file."
  Pop $0
  ${Select} $source
    ${Case} "cboe"
      ${NSD_Check} $cboeButton
    ${Case} "chain-files"
      ${NSD_Check} $filesButton
    ${Case} "flashalpha"
      ${NSD_Check} $flashButton
    ${CaseElse}
      ${NSD_Check} $sampleButton
  ${EndSelect}
  nsDialogs::Show
FunctionEnd

Function Browsed
  Pop $0
  nsDialogs::SelectFolderDialog "A folder with option chains" ""
  Pop $0
  ${If} $0 != "error"
    ${NSD_SetText} $folderBox $0
    ${NSD_Check} $filesButton
    ${NSD_Uncheck} $sampleButton
    ${NSD_Uncheck} $cboeButton
    ${NSD_Uncheck} $flashButton
  ${EndIf}
FunctionEnd

Function SourceChosen
  ${NSD_GetText} $folderBox $folder
  ${NSD_GetText} $keyBox $0
  ${If} $0 != ""
    StrCpy $key $0
  ${EndIf}
  StrCpy $source "sample"
  ${NSD_GetState} $cboeButton $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $source "cboe"
  ${EndIf}
  ${NSD_GetState} $filesButton $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $source "chain-files"
    ${If} $folder == ""
    ${OrIfNot} ${FileExists} "$folder\*.*"
      MessageBox ${SHOWN} "Choose a folder with option chains."
      Abort
    ${EndIf}
  ${EndIf}
  ${NSD_GetState} $flashButton $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $source "flashalpha"
    ${If} $key == ""
      MessageBox ${SHOWN} "Type the FlashAlpha key, or choose another source."
      Abort
    ${EndIf}
  ${EndIf}
FunctionEnd

; Puts the former version back and ends: whatever went wrong, what worked before works still.
!macro Back sentence code
  SetOutPath "$TEMP" ; the folder it stands in cannot be removed
  ${If} ${FileExists} "$INSTDIR\python.old\python.exe"
    RMDir /r "$INSTDIR\python"
    Rename "$INSTDIR\python.old" "$INSTDIR\python"
    RMDir /r "$INSTDIR\python.new"
  ${Else}
    RMDir /r "$INSTDIR\python.new"
    ${IfNot} ${FileExists} "$INSTDIR\python\python.exe"
      RMDir "$INSTDIR"
      RMDir "$LOCALAPPDATA\Programs" ; where nothing else is in it
    ${EndIf}
  ${EndIf}
  !insertmacro End "${sentence}" ${code}
!macroend

Section "Basket GEX"
  Call ExcelLetsGo
  ; A set-up that was cut off between its two renames: the former version is whole.
  ${IfNot} ${FileExists} "$INSTDIR\python\python.exe"
  ${AndIf} ${FileExists} "$INSTDIR\python.old\python.exe"
    Rename "$INSTDIR\python.old" "$INSTDIR\python"
  ${EndIf}
  RMDir /r "$INSTDIR\python.new"
  ${GetRoot} "$INSTDIR" $1
  ClearErrors
  ${DriveSpace} "$1\" "/D=F /S=M" $0
  ${IfNot} ${Errors}
  ${AndIf} $0 < ${NEEDED}
    !insertmacro Back "There is not enough room on $1: Basket GEX needs ${NEEDED} MB, and $0 MB are free. Free some, then run this again." 2
  ${EndIf}

  ; The new version is written whole beside the old one, and takes its place by two renames.
  ClearErrors
  !include "${FILES}"
  ${If} ${Errors}
  ${OrIfNot} ${FileExists} "$INSTDIR\python.new\python.exe"
    !insertmacro Back "The files could not be written to $INSTDIR: see whether the disk is full, and whether this folder may be written to." 2
  ${EndIf}
  SetOutPath "$INSTDIR"
  ${If} ${FileExists} "$INSTDIR\python\python.exe"
    nsExec::Exec '"$INSTDIR\basketgex.exe" stop'
    Pop $0
    RMDir /r "$INSTDIR\python.old"
    ClearErrors
    Rename "$INSTDIR\python" "$INSTDIR\python.old"
    ${If} ${Errors}
      !insertmacro Back "A program still uses the Basket GEX that is installed: close Excel and all terminals, then run this again." 3
    ${EndIf}
  ${EndIf}
  ClearErrors
  Rename "$INSTDIR\python.new" "$INSTDIR\python"
  ${If} ${Errors}
    !insertmacro Back "The files could not be put into $INSTDIR: see whether this folder may be written to." 2
  ${EndIf}
  File "${TREE}/basketgex.exe"
  File "${TREE}/LICENSES.txt"
  ${IfNot} ${FileExists} "$INSTDIR\python\Lib\site-packages\basketgex\__pycache__\*.pyc"
    nsExec::Exec '"$INSTDIR\python\python.exe" -m compileall -q -j 0 "$INSTDIR\python\Lib\site-packages"'
    Pop $0
  ${EndIf}
  nsExec::ExecToStack '"$INSTDIR\basketgex.exe" install excel'
  Pop $0
  Pop $1
  ${If} $0 != 0
    ${If} ${FileExists} "$INSTDIR\python.old\python.exe"
      !insertmacro Back "The add-in could not be put into Excel, so the former version stays. $1" 2
    ${EndIf}
    RMDir /r "$INSTDIR\python"
    Delete "$INSTDIR\basketgex.exe"
    Delete "$INSTDIR\LICENSES.txt"
    !insertmacro Back "The add-in could not be put into Excel. $1" 2
  ${EndIf}
  RMDir /r "$INSTDIR\python.old"

  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "Software\basketgex" "folder" "$INSTDIR"
  WriteRegStr HKCU "${GONE}" "DisplayName" "Basket GEX"
  WriteRegStr HKCU "${GONE}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${GONE}" "Publisher" "basketgex"
  WriteRegStr HKCU "${GONE}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${GONE}" "DisplayIcon" "$INSTDIR\python\python.exe"
  WriteRegStr HKCU "${GONE}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${GONE}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${GONE}" "NoModify" 1
  WriteRegDWORD HKCU "${GONE}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${GONE}" "EstimatedSize" $0
  CreateDirectory "$SMPROGRAMS\Basket GEX"
  CreateShortcut "$SMPROGRAMS\Basket GEX\Check this installation.lnk" "$SYSDIR\cmd.exe" '/k ""$INSTDIR\basketgex.exe" doctor"'
  CreateShortcut "$SMPROGRAMS\Basket GEX\Command line.lnk" "$SYSDIR\cmd.exe" '/k "set PATH=$INSTDIR;%PATH%"'
  CreateShortcut "$SMPROGRAMS\Basket GEX\Templates.lnk" "$INSTDIR\python\Lib\site-packages\basketgex_addin\templates"
  CreateShortcut "$SMPROGRAMS\Basket GEX\Uninstall.lnk" "$INSTDIR\uninstall.exe"

  ; The key reaches the command by an environment variable and its standard input: it stands in no command line and in no file.
  ${If} $source == "flashalpha"
  ${AndIf} $key != ""
    System::Call 'kernel32::SetEnvironmentVariable(t "BASKETGEX_SETUP_KEY", t "$key")'
    nsExec::Exec `"$INSTDIR\python\python.exe" -c "import io, os, sys; from basketgex_cli.main import main; sys.stdin = io.StringIO(os.environ.pop('BASKETGEX_SETUP_KEY')); sys.exit(main(['key', 'set']))"`
    Pop $0
    System::Call 'kernel32::SetEnvironmentVariable(t "BASKETGEX_SETUP_KEY", p 0)'
    StrCpy $key ""
    ${If} $0 != 0
      MessageBox MB_OK|MB_ICONEXCLAMATION "The key could not be kept: run basketgex key set." /SD IDOK
    ${EndIf}
  ${EndIf}
  ${If} $source == "chain-files"
    nsExec::Exec '"$INSTDIR\basketgex.exe" source chain-files --folder "$folder"'
    Pop $0
  ${ElseIf} $source != ""
    nsExec::Exec '"$INSTDIR\basketgex.exe" source $source'
    Pop $0
  ${EndIf}
  ${If} $source != ""
  ${AndIf} $0 != 0
    MessageBox MB_OK|MB_ICONEXCLAMATION "The source could not be set: run basketgex source." /SD IDOK
  ${EndIf}
  ; The first start of all is slow: it is done here, so that the first cell has a value and not #N/A.
  nsExec::Exec '"$INSTDIR\python\python.exe" -c "from basketgex_addin.excel import commands; commands.status()"'
  Pop $0
  SetErrorLevel 0
SectionEnd

Function un.onInit
  SetRegView 64
  SetShellVarContext current
FunctionEnd

Section "Uninstall"
  Call un.ExcelLetsGo
  nsExec::Exec '"$INSTDIR\basketgex.exe" uninstall excel'
  Pop $0
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/PURGE" $1
  ${IfNot} ${Errors}
    nsExec::Exec '"$INSTDIR\basketgex.exe" key clear'
    Pop $0
    nsExec::Exec '"$INSTDIR\basketgex.exe" uninstall excel --purge'
    Pop $0
  ${EndIf}
  nsExec::Exec '"$INSTDIR\basketgex.exe" stop'
  Pop $0
  ; Folders of its own, with what Python wrote into them.
  RMDir /r "$INSTDIR\python"
  RMDir /r "$INSTDIR\python.old"
  RMDir /r "$INSTDIR\python.new"
  Delete "$INSTDIR\basketgex.exe"
  Delete "$INSTDIR\LICENSES.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  RMDir "$LOCALAPPDATA\Programs"
  RMDir /r "$SMPROGRAMS\Basket GEX"
  DeleteRegKey HKCU "${GONE}"
  DeleteRegKey HKCU "Software\basketgex"
SectionEnd
