"""The SOAP interface, declared once: its types and its seven operations, as spyne models.

The WSDL (`bridge.soap.wsdl`), the readers and the writers (`bridge.soap.codec`) are all derived from what stands here.

Facts, each found with real client toolchains:
- Below the wrapper every element is without a namespace (`sub_ns=""`); qualified ones are read as null by JAX-WS, .NET and gSOAP.
- Nothing is nillable, and only `type` and `sendingType` are required: nillable makes .NET and Axis send `xsi:nil` for every
  field that is not set, and required fields in answers become a silent 0 where a failed call has none.
- What an answer may leave empty (dates, err's code, customID) is a string: `<deliveryDate></deliveryDate>` is an exception in
  .NET, Axis and gSOAP when it is a date. Numbers are left out instead of being empty.

Source: Node API v1.8.3; its constants are explained there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge.soap.spyne_mend import mended

with mended():
    from spyne.model.complex import ComplexModel
    from spyne.model.primitive import Boolean, Integer, Integer32, Integer64, Unicode

if TYPE_CHECKING:
    from spyne.application import Application

__all__ = ["NAMESPACE", "OPERATIONS", "Boolean", "ComplexModel", "Integer", "Operation", "application", "response"]

NAMESPACE = "http://localhost:9587/wsdl/sms"
"""The namespace of the original server's own WSDL; brands differ, so answers echo the request's."""

OPTIONAL = {"sub_ns": "", "min_occurs": 0, "nillable": False}
REQUIRED = {"sub_ns": "", "min_occurs": 1, "nillable": False}

TEXT = Unicode(**OPTIONAL)
INT = Integer32(**OPTIONAL)
LONG = Integer64(**OPTIONAL)
FLAG = Boolean(**OPTIONAL)


def _model(name: str, documentation: str = "", /, **members: type[Any]) -> type[ComplexModel]:
    """A complex type; the order of `members` is the order of its elements."""
    annotations = type("Annotations", (ComplexModel.Annotations,), {"doc": documentation})
    body = {"__namespace__": NAMESPACE, "_type_info": list(members.items()), "Annotations": annotations}
    return type(name, (ComplexModel,), body)


def _optional(model: type[ComplexModel]) -> type[ComplexModel]:
    optional: type[ComplexModel] = model.customize(**OPTIONAL)
    return optional


def _list(name: str, item: type[Any]) -> type[ComplexModel]:
    """A list type: any number of `item` elements."""
    return _model(name, item=item.customize(**OPTIONAL, max_occurs="unbounded"))


# in requests

PushSettings = _model("PushSettings", url=TEXT)
PeriodicSettings = _model("PeriodicSettings", periodType=INT, amount=INT, interval=INT)
NumberItem = _model(
    "NumberItem",
    "One recipient. A plain text item (<item>905591234567</item>) means the same as nr alone and is accepted too.",
    nr=TEXT,
    msg=TEXT,
)
IdList = _list("IdList", Integer64)
StringList = _list("StringList", Unicode)
NumberList = _list("NumberList", NumberItem)

# in answers

SmsError = _model(
    "SmsError",
    "Empty on success; on failure code is an ERR_ name.",
    status=INT,
    code=TEXT,
    message=TEXT,
)
ListStats = _model("ListStats", totalRecord=INT)
SmsPackageStatistics = _model("SmsPackageStatistics", total=INT, credit=INT, rCount=INT, delivered=INT, undelivered=INT)
SmsPackage = _model(
    "SmsPackage",
    id=LONG,
    customID=TEXT,
    type=INT,
    uuid=TEXT,
    error=TEXT,
    state=INT,
    title=TEXT,
    content=TEXT,
    senders=_optional(StringList),
    encoding=INT,
    validity=INT,
    statistics=_optional(SmsPackageStatistics),
    isScheduled=INT,
    sendingDate=TEXT,
)
SmsPackageItem = _model(
    "SmsPackageItem",
    "Dates are yyyy-MM-ddTHH:mm:ss with optional fractions, and empty while unknown (so not xs:dateTime).",
    id=TEXT,  # documented as a string; its values do not fit an int
    msg=TEXT,
    error=TEXT,
    credit=INT,
    state=INT,
    sender=TEXT,
    target=TEXT,
    setState=INT,
    sendingDate=TEXT,
    deliveryDate=TEXT,
    processingDate=TEXT,
)
SmsSender = _model("SmsSender", uuid=TEXT, status=INT, title=TEXT)
SmsPackageList = _list("SmsPackageList", SmsPackage)
SmsPackageItemList = _list("SmsPackageItemList", SmsPackageItem)
SmsSenderList = _list("SmsSenderList", SmsSender)


def _page(name: str, rows: type[ComplexModel]) -> type[ComplexModel]:
    """The data of a listing."""
    return _model(name, stats=_optional(ListStats), list=_optional(rows))


PackageIdData = _model("PackageIdData", pkgID=LONG)
StatusData = _model("StatusData", status=INT)
CreditData = _model("CreditData", credit=LONG)
SmsPackagesData = _page("SmsPackagesData", SmsPackageList)
SmsPackageItemsData = _page("SmsPackageItemsData", SmsPackageItemList)
SmsSendersData = _page("SmsSendersData", SmsSenderList)


def _result(name: str, data: type[ComplexModel]) -> type[ComplexModel]:
    return _model(name, err=_optional(SmsError), data=_optional(data))


PackageIdResult = _result("PackageIdResult", PackageIdData)
SmsPackagesResult = _result("SmsPackagesResult", SmsPackagesData)
SmsPackageItemsResult = _result("SmsPackageItemsResult", SmsPackageItemsData)
SmsSendersResult = _result("SmsSendersResult", SmsSendersData)
StatusResult = _result("StatusResult", StatusData)
CreditResult = _result("CreditResult", CreditData)


class Operation(NamedTuple):
    """One operation. `_type_info` of `request` and `result` holds their elements: name -> type, in order.

    Leaf types are subclasses of Unicode (xs:string), Integer (xs:int, xs:long) and Boolean (xs:boolean); a list is a model with
    the one member `item`, whose Attributes.max_occurs is infinite. `get_type_name()` of each is the schema's name.
    """

    name: str  # of the wrapper element, and the soapAction
    request: type[ComplexModel]  # the wrapper's elements
    result: type[ComplexModel]  # of the one element `result` below <nameResponse>
    documentation: str


def _operation(name: str, result: type[ComplexModel], documentation: str, /, **members: type[Any]) -> Operation:
    # username and password come first, and may be absent: a client may use HTTP Basic instead
    return Operation(name, _model(name, username=TEXT, password=TEXT, **members), result, documentation)


_ALL = (
    _operation(
        "sendOtp",
        PackageIdResult,
        "Sends a one time password message to one number; returns the id of the new package.",
        content=TEXT,
        number=TEXT,
        encoding=INT,
        sender=TEXT,
        validity=INT,
        pushSettings=_optional(PushSettings),
        commercial=FLAG,
        customID=TEXT,
        trustDate=TEXT,
    ),
    _operation(
        "sendSms",
        PackageIdResult,
        "Sends to one number (sendingType 0: number), one text to many (1: numbers/item/nr) "
        "or a text of its own to each (2: numbers/item/nr and msg); returns the id of the new package.",
        type=Integer32(**REQUIRED),
        sendingType=Integer32(**REQUIRED),
        title=TEXT,
        content=TEXT,
        number=TEXT,
        numbers=_optional(NumberList),
        encoding=INT,
        sender=TEXT,
        periodicSettings=_optional(PeriodicSettings),
        sendingDate=TEXT,
        validity=INT,
        pushSettings=_optional(PushSettings),
        commercial=FLAG,
        customID=TEXT,
    ),
    _operation(
        "getSmsPackages",
        SmsPackagesResult,
        "Lists sent packages; every filter is optional. Dates are yyyy-MM-dd HH:mm, pageSize is 10 to 1000.",
        ids=_optional(IdList),
        customIDs=_optional(StringList),
        keyword=TEXT,
        sender=TEXT,
        status=INT,
        startDate=TEXT,
        finishDate=TEXT,
        pageIndex=INT,
        pageSize=INT,
    ),
    _operation(
        "getSmsPackageItems",
        SmsPackageItemsResult,
        "Lists the recipients of one package, found by pkgID, uuid or customID.",
        pkgID=LONG,
        uuid=TEXT,
        customID=TEXT,
        target=TEXT,
        operator=INT,
        state=INT,
        pageIndex=INT,
        pageSize=INT,
    ),
    _operation(
        "getSmsSenders",
        SmsSendersResult,
        "Lists the sender titles of the account.",
        keyword=TEXT,
        status=INT,
        pageIndex=INT,
        pageSize=INT,
    ),
    _operation(
        "cancelSmsPackage",
        StatusResult,
        "Cancels a package that has not started, found by id, uuid or customID.",
        id=LONG,
        uuid=TEXT,
        customID=TEXT,
    ),
    _operation("getUserCredit", CreditResult, "Returns the credit balance."),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in _ALL})
"""All operations by name, in the order of the WSDL."""


def response(operation: Operation) -> type[ComplexModel]:
    """The type of an operation's answer: `<nameResponse>` with its one element `result`."""
    return _model(f"{operation.name}Response", result=operation.result.customize(**REQUIRED))


def application() -> Application:
    """A spyne application of these same declarations, SOAP 1.1 in and out, whose methods do nothing.

    Not part of serving: with it spyne's own schema and codec can be held against ours. Imports spyne's protocols.
    """
    with mended():
        from spyne.application import Application  # noqa: PLC0415  # the server never needs them
        from spyne.decorator import rpc  # noqa: PLC0415
        from spyne.protocol.soap.soap11 import Soap11  # noqa: PLC0415
        from spyne.service import ServiceBase  # noqa: PLC0415

    def method(operation: Operation) -> object:
        def nothing(ctx: object, request: object) -> None:
            """Does nothing."""

        nothing.__name__ = operation.name
        in_name, out_name = (f"{{{NAMESPACE}}}{operation.name}{suffix}" for suffix in ("", "Response"))
        names = {"_in_message_name": in_name, "_out_message_name": out_name}
        return rpc(operation.request, _returns=response(operation), _body_style="bare", **names)(nothing)

    service = type("SmsService", (ServiceBase,), {name: method(operation) for name, operation in OPERATIONS.items()})
    return Application([service], NAMESPACE, in_protocol=Soap11(), out_protocol=Soap11())
