from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.exposure.grouping import distinct, distinct_of_runs

CHAINS = st.lists(st.lists(st.sampled_from([90.0, 95.0, 100.0, 105.0]), max_size=12), min_size=1, max_size=5)


@pytest.mark.parametrize("of", [distinct, distinct_of_runs])
@given(chains=CHAINS)
def test_distinct_values_are_those_of_each_chain(of: type, chains: list[list[float]]) -> None:
    bounds = list(accumulate(map(len, chains), initial=0))
    found = of(np.array([value for chain in chains for value in chain], dtype=float), bounds)
    for chain, (begin, end), (first_key, last_key) in zip(
        chains, pairwise(bounds), pairwise(found.bounds), strict=True
    ):
        keys, first, place = np.unique(np.array(chain, dtype=float), return_index=True, return_inverse=True)
        assert found.keys[first_key:last_key].tolist() == keys.tolist()
        assert found.first[first_key:last_key].tolist() == (first + begin).tolist()
        assert found.place[begin:end].tolist() == (place + first_key).tolist()
