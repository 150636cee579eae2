"""spyne's own SOAP 1.1 codec over the contract, to hold ours against. Driven without WSGI, as a server and as a client.

Values are plain: a model is a dict of what is set, a list is a list.
"""

from __future__ import annotations

from typing import Any

from bridge.soap.contract import NAMESPACE, OPERATIONS, ComplexModel, application, response
from bridge.soap.spyne_mend import mended

with mended():
    from spyne.context import MethodContext
    from spyne.server import ServerBase


class _Local(ServerBase):
    transport = "local"


class Oracle:
    def __init__(self) -> None:
        self.application = application()
        self.server = _Local(self.application)

    def encode_request(self, operation: str, values: dict[str, Any]) -> bytes:
        return self._encode(operation, _model(OPERATIONS[operation].request, values), self.application.out_protocol.REQUEST)

    def encode_response(self, operation: str, result: dict[str, Any]) -> bytes:
        answer = response(OPERATIONS[operation])(result=_model(OPERATIONS[operation].result, result))
        return self._encode(operation, answer, self.application.out_protocol.RESPONSE)

    def decode_request(self, document: bytes) -> tuple[str, dict[str, Any]]:
        context = MethodContext(self.server, MethodContext.SERVER)
        context.in_string = [document]
        (context,) = self.server.generate_contexts(context)
        self.server.get_in_object(context)
        if context.in_error is not None:
            raise context.in_error
        return context.descriptor.name, _plain(context.in_object)

    def decode_response(self, document: bytes) -> dict[str, Any]:
        protocol = self.application.in_protocol
        context = MethodContext(self.server, MethodContext.CLIENT)
        context.in_string = [document]
        protocol.create_in_document(context)
        protocol.decompose_incoming_envelope(context, message=protocol.RESPONSE)
        name = context.method_request_string.removeprefix(f"{{{NAMESPACE}}}").removesuffix("Response")
        context.descriptor = self._context(name).descriptor
        protocol.deserialize(context, message=protocol.RESPONSE)
        return _plain(context.in_object)["result"]

    def _context(self, operation: str) -> MethodContext:
        context = MethodContext(self.server, MethodContext.SERVER)
        context.method_request_string = f"{{{NAMESPACE}}}{operation}"
        (context,) = self.application.out_protocol.generate_method_contexts(context)
        return context

    def _encode(self, operation: str, message: ComplexModel, kind: str) -> bytes:
        context = self._context(operation)
        context.out_object = [message]
        self.application.out_protocol.serialize(context, kind)
        self.application.out_protocol.create_out_string(context)
        return b"".join(context.out_string)


def _model(kind: type, value: Any) -> Any:
    if value is None or not issubclass(kind, ComplexModel):
        return value
    make = kind.__orig__ or kind  # spyne logs a warning when a customized class is called
    if isinstance(value, list):
        return make(item=[_model(kind._type_info["item"], one) for one in value])
    return make(**{name: _model(kind._type_info[name], one) for name, one in value.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, ComplexModel):
        return value
    if list(value._type_info) == ["item"]:
        return _plain(value.item or [])
    return {name: _plain(one) for name in value._type_info if (one := getattr(value, name)) is not None}
