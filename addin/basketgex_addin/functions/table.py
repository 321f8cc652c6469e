"""The one table of worksheet functions: what is not here is in no host.

Wizard texts, host bindings, the function reference and the reading ahead of documents come from it, in this order.
"""

from __future__ import annotations

from basketgex_addin.functions import (
    betas,
    change,
    dispersion,
    explain,
    flow,
    hedge,
    history,
    levels,
    moments,
    names,
    net,
    profile,
    quota,
    regime,
    shape,
    status,
    strikes,
    volume,
)
from basketgex_addin.functions.record import Function

CATEGORY = "Basket GEX"

FUNCTIONS: tuple[Function, ...] = (
    net.BASKETGEX,
    net.BASKETDEX,
    net.BASKETVEX,
    net.BASKETCHEX,
    names.BASKET,
    net.BASKETTOTAL,
    names.BASKETTOP,
    regime.BASKETREGIME,
    regime.BASKETBALANCE,
    regime.BASKETSINCE,
    names.BASKETBREADTH,
    names.BASKETCOUNT,
    names.BASKETMISSING,
    names.BASKETCOVERAGE,
    moments.BASKETASOF,
    status.BASKETSTATUS,
    status.BASKETWHY,
    explain.BASKETEXPLAIN,
    moments.BASKETAGE,
    moments.BASKETREFRESH,
    net.SYMBOLGEX,
    net.SYMBOLDEX,
    net.SYMBOLVEX,
    net.SYMBOLCHEX,
    levels.GEXLEVELS,
    strikes.GEXSTRIKES,
    profile.GEXPROFILE,
    profile.BASKETPROFILE,
    profile.BASKETFLIP,
    dispersion.DISPERSION,
    shape.BASKETEXPIRIES,
    shape.BASKETSTRIKES,
    shape.BASKETMOVE,
    shape.SYMBOLMAXPAIN,
    hedge.BASKETHEDGE,
    hedge.BASKETLADDER,
    hedge.CHARMCLOCK,
    flow.BASKETFLOW,
    change.BASKETCHANGE,
    betas.BASKETBETA,
    betas.BASKETINDEXGEX,
    betas.BASKETCOMPARE,
    history.BASKETHISTORY,
    history.BASKETPERCENTILE,
    volume.BASKETVOLUMEGEX,
    quota.BASKETQUOTA,
)

BY_NAME = {function.name: function for function in FUNCTIONS}
