"""sendSms with spyne's own SOAP and a shared httpx client, as one would write it at first. WSGI; VENDOR names the vendor."""

import os

import httpx
from spyne import Application, Array, ComplexModel, Fault, Integer, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

NAMESPACE = "http://localhost:9587/wsdl/sms"
# elements are unqualified on the wire
Text, Number = Unicode(sub_ns=""), Integer(sub_ns="")
PASSED_ON = [
    "type",
    "sendingType",
    "number",
    "title",
    "content",
    "encoding",
    "sender",
    "sendingDate",
    "validity",
    "commercial",
    "customID",
]

vendor = httpx.Client(
    base_url=os.environ["VENDOR"],
    timeout=30,
    trust_env=False,
    limits=httpx.Limits(max_connections=300, max_keepalive_connections=300),
)


def model(name, **fields):
    return type(name, (ComplexModel,), {"__namespace__": NAMESPACE, "_type_info": list(fields.items())})


def unqualified(kind):
    return kind.customize(sub_ns="")


Periodic = model("PeriodicSettings", periodType=Number, amount=Number, interval=Number)
Push = model("PushSettings", url=Text)
Error = model("SmsError", status=Number, code=Text, message=Text)
Data = model("PackageIdData", pkgID=Number)
Result = model("PackageIdResult", err=unqualified(Error), data=unqualified(Data))
Numbers = Array(Unicode, member_name="item", sub_ns="")
Numbers._type_info["item"].Attributes.sub_ns = ""

FIELDS = {
    "username": Text,
    "password": Text,
    "type": Number,
    "sendingType": Number,
    "title": Text,
    "content": Text,
    "number": Text,
    "numbers": Numbers,
    "encoding": Number,
    "sender": Text,
    "periodicSettings": unqualified(Periodic),
    "sendingDate": Text,
    "validity": Number,
    "pushSettings": unqualified(Push),
    "commercial": Text,
    "customID": Text,
}


def send(values):
    call = dict(zip(FIELDS, values, strict=True))
    if not call["username"] or call["type"] is None or call["sendingType"] is None:
        raise Fault("Client", "username, type and sendingType are needed")
    body = {name: call[name] for name in PASSED_ON if call[name] is not None}
    if call["numbers"]:
        body["numbers"] = call["numbers"]
    answer = vendor.post("/sms/create", json=body, auth=(call["username"], call["password"] or "")).json()
    error, data = answer["err"], answer["data"]
    return Result(err=Error(**error) if error else Error(), data=Data(pkgID=data["pkgID"]) if data else None)


class Sms(ServiceBase):
    @rpc(*FIELDS.values(), _args=list(FIELDS), _returns=unqualified(Result), _out_variable_name="result")
    def sendSms(ctx, *values):  # noqa: N802, N805  # the operation's name; spyne gives its context first
        return send(values)


app = WsgiApplication(Application([Sms], NAMESPACE, in_protocol=Soap11(), out_protocol=Soap11()))
