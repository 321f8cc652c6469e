"""The client of the local server: connection, memo, collector, launcher."""

from basketgex_addin.client.basket_client import BasketClient
from basketgex_addin.client.figures import MEASURES, Forward, ProfileFigures, ServerStatus, SymbolFigures

__all__ = ["MEASURES", "BasketClient", "Forward", "ProfileFigures", "ServerStatus", "SymbolFigures"]
