"""The version, apart, so that modules can know it without importing what shows them."""

__version__ = "0.1.0"
