"""bridge: the SOAP interface of Node API v1.8.3 in front of any vendor's REST interface."""

__version__ = "0.1.0"
