// Where Univer's own formulas are mended: what they give is what LibreOffice Calc and Excel give.

const F = UniverEngineFormula;
const FUNCTION = 4; // the kind of a function's node in a formula
export const PENDING = F.ErrorType.CONNECT; // what a cell shows whose answer is on its way

// An empty text that a formula gave stays a text. Univer takes one that was not calculated in the same run for a blank: a
// RANK would count it as 0, and an ISTEXT not at all.
export function emptyTexts(reference) {
  const data = reference.getCellData, object = reference.getCellValueObject;
  reference.getCellData = function (row, column) {
    const cell = data.call(this, row, column);
    return cell?.v === "" && !cell.f ? { ...cell, f: "=" } : cell; // else it would count as blank
  };
  reference.getCellValueObject = function (cell) {
    return cell.v === "" ? F.StringValueObject.create("") : object.call(this, cell);
  };
}

// A rank is among numbers: Univer takes an empty text for a 0. Its own functions are there only once a workbook is.
export function rankNumbers(functions) {
  for (const name of ["RANK", "RANK.EQ", "RANK.AVG"]) {
    const executor = functions.getExecutor(name);
    if (!executor || Object.hasOwn(executor, "_checkRefReferenceObject")) continue;
    executor._checkRefReferenceObject = reference => {
      const cells = reference.isReferenceObject() ? reference.toArrayValueObject().getArrayValue().flat() : null;
      const error = cells?.find(cell => cell?.isError()) ?? F.ErrorValueObject.create("#N/A");
      const numbers = (cells ?? []).filter(cell => cell?.isNumber()).map(cell => cell.getValue());
      return { refHasError: !cells || cells.includes(error), refErrorObject: error, refNumbers: numbers };
    };
  }
}

// A formula's dead branch is not evaluated: it may ask a source that costs. And what hangs on a value that is still on its
// way is on its way too, whatever it would make of an error.
export function lazy(interpreter, anyPending) {
  const step = (node, dx, dy) => interpreter._execute(node, dx, dy);
  interpreter._execute = function (node, dx = 0, dy = 0) {
    if (this._runtimeService.isStopExecution()) return 1;
    const children = node.getChildren(), name = node.nodeType === FUNCTION ? node.getToken().toUpperCase() : "";
    const choose = BRANCHES[name];
    if (choose && children.length > 1) {
      step(children[0], dx, dy);
      const first = single(children[0].getValue());
      if (first && isPending(first)) return finish(node, first);
      const branch = first && choose(first, children.length);
      if (branch !== undefined && branch !== null) {
        const chosen = children[branch];
        if (!chosen) return finish(node, F.BooleanValueObject.create(false));
        if (branch) step(chosen, dx, dy);
        return finish(node, chosen.getValue() ?? F.NullValueObject.create());
      }
      if (first?.isError() && name !== "IFERROR" && name !== "IFNA") return finish(node, first);
      children.slice(1).forEach(child => step(child, dx, dy));
    } else {
      for (const child of children) {
        if (child.getToken().toUpperCase() === "LAMBDA" && child.isEmptyParamFunction()) child.execute();
        else step(child, dx, dy);
      }
      const waits = name && children.map(child => child.getValue()).find(value => value && awaited(value, node, anyPending));
      if (waits) return finish(node, F.ErrorValueObject.create(PENDING));
    }
    if (node.nodeType === 1) node.setRefOffset(dx, dy);
    node.execute();
    return 0;
  };
}

// Which argument a function returns, by the value of its first; null where it has to be calculated as a whole.
const BRANCHES = {
  IF: first => first.isError() ? null : first.isString() ? null : first.getValue() ? 1 : 2,
  IFERROR: first => first.isError() ? 1 : 0,
  IFNA: first => first.isError() && first.getErrorType() === F.ErrorType.NA ? 1 : 0,
  CHOOSE: (first, count) => {
    const at = first.isNumber?.() ? Math.floor(first.getValue()) : 0;
    return at >= 1 && at < count ? at : null;
  },
};

const finish = (node, value) => { node.setValue(value); return 0; };
export const isPending = value => value.isError?.() && value.getErrorType() === PENDING;

// Whether a function's argument, or one cell of it, is on its way: what COUNT made of that would not be its value.
function awaited(value, node, anyPending) {
  const refers = value.isReferenceObject?.();
  if (!refers && !value.isArray?.()) return isPending(value);
  if (!anyPending() || (refers && node._functionExecutor?.needsReferenceObject)) return false;
  const cells = refers ? value.toArrayValueObject() : value;
  return cells.getArrayValue().some(row => row?.some(cell => cell && isPending(cell)));
}

// The one value of an argument, be it a reference to one cell; null for several.
function single(value) {
  if (!value) return null;
  const array = value.isReferenceObject?.() ? value.toArrayValueObject() : value;
  if (!array.isArray?.()) return array;
  return array.getRowCount() === 1 && array.getColumnCount() === 1 ? array.get(0, 0) ?? F.NullValueObject.create() : null;
}
