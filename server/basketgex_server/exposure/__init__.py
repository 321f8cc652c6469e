"""The exposure mathematics: no input or output, no clock; arrays in and values out."""
