"""The client of the local server: connection, memo, collector, launcher."""

from basketgex_addin.client.basket_client import BasketClient, ServerStatus, SymbolFigures

__all__ = ["BasketClient", "ServerStatus", "SymbolFigures"]
