"""The contract against the published structure, and spyne's own codec over it."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from bridge.soap.contract import NAMESPACE, OPERATIONS, Boolean, ComplexModel, Integer, Unicode, response
from tests.soap.oracle import Oracle

# name: type, "!" required, "[]" any number; nothing is said of a string
TYPES = """
PushSettings: url
PeriodicSettings: periodType:int amount:int interval:int
NumberItem: nr msg
IdList: item:long[]
StringList: item[]
NumberList: item:NumberItem[]
SmsPackageList: item:SmsPackage[]
SmsPackageItemList: item:SmsPackageItem[]
SmsSenderList: item:SmsSender[]
SmsError: status:int code message
ListStats: totalRecord:int
SmsPackageStatistics: total:int credit:int rCount:int delivered:int undelivered:int
SmsPackage: id:long customID type:int uuid error state:int title content senders:StringList encoding:int validity:int \
statistics:SmsPackageStatistics isScheduled:int sendingDate
SmsPackageItem: id msg error credit:int state:int sender target setState:int sendingDate deliveryDate processingDate
SmsSender: uuid status:int title
PackageIdData: pkgID:long
StatusData: status:int
CreditData: credit:long
SmsPackagesData: stats:ListStats list:SmsPackageList
SmsPackageItemsData: stats:ListStats list:SmsPackageItemList
SmsSendersData: stats:ListStats list:SmsSenderList
PackageIdResult: err:SmsError data:PackageIdData
SmsPackagesResult: err:SmsError data:SmsPackagesData
SmsPackageItemsResult: err:SmsError data:SmsPackageItemsData
SmsSendersResult: err:SmsError data:SmsSendersData
StatusResult: err:SmsError data:StatusData
CreditResult: err:SmsError data:CreditData
sendOtp: username password content number encoding:int sender validity:int pushSettings:PushSettings commercial:boolean \
customID trustDate
sendOtpResponse: result:PackageIdResult!
sendSms: username password type:int! sendingType:int! title content number numbers:NumberList encoding:int sender \
periodicSettings:PeriodicSettings sendingDate validity:int pushSettings:PushSettings commercial:boolean customID
sendSmsResponse: result:PackageIdResult!
getSmsPackages: username password ids:IdList customIDs:StringList keyword sender status:int startDate finishDate \
pageIndex:int pageSize:int
getSmsPackagesResponse: result:SmsPackagesResult!
getSmsPackageItems: username password pkgID:long uuid customID target operator:int state:int pageIndex:int pageSize:int
getSmsPackageItemsResponse: result:SmsPackageItemsResult!
getSmsSenders: username password keyword status:int pageIndex:int pageSize:int
getSmsSendersResponse: result:SmsSendersResult!
cancelSmsPackage: username password id:long uuid customID
cancelSmsPackageResponse: result:StatusResult!
getUserCredit: username password
getUserCreditResponse: result:CreditResult!
"""
EXPECTED = dict(line.split(": ") for line in TYPES.strip().splitlines())
NAMES = ["sendOtp", "sendSms", "getSmsPackages", "getSmsPackageItems", "getSmsSenders", "cancelSmsPackage", "getUserCredit"]


def described(model):
    """A model in the words of TYPES."""

    def member(name, kind):
        attributes = kind.Attributes
        marks = ("!" if attributes.min_occurs == 1 else "") + ("[]" if attributes.max_occurs == math.inf else "")
        type_name = kind.get_type_name()
        return f"{name}{'' if type_name == 'string' else ':' + type_name}{marks}"

    return " ".join(member(*one) for one in model._type_info.items())


def models():
    """Every model of the contract by name."""
    found = {}

    def visit(kind):
        if issubclass(kind, ComplexModel):
            found[kind.get_type_name()] = kind
            for member in kind._type_info.values():
                visit(member)

    for operation in OPERATIONS.values():
        visit(operation.request)
        visit(response(operation))
    return found


def test_operations_in_the_published_order():
    assert list(OPERATIONS) == NAMES
    assert [operation.name for operation in OPERATIONS.values()] == NAMES


def test_every_type_has_the_published_members_in_order():
    assert {name: described(model) for name, model in models().items()} == EXPECTED


def test_no_member_is_qualified_or_nillable():
    for model in models().values():
        assert model.get_namespace() == NAMESPACE
        for kind in model._type_info.values():
            assert (kind.Attributes.sub_ns, kind.Attributes.nillable) == ("", False)


def test_only_three_kinds_of_leaf():
    leaves = {kind for model in models().values() for kind in model._type_info.values() if not issubclass(kind, ComplexModel)}
    assert all(sum(issubclass(leaf, base) for base in (Unicode, Integer, Boolean)) == 1 for leaf in leaves)


def sample(kind, name):
    """A value for every element of a type."""
    if issubclass(kind, ComplexModel):
        if list(kind._type_info) == ["item"]:
            return [sample(kind._type_info["item"], f"{name}{n}") for n in (1, 2)]
        return {member: sample(inner, member) for member, inner in kind._type_info.items()}
    if issubclass(kind, Integer):
        return 2**40 if kind.get_type_name() == "long" else len(name)
    return True if issubclass(kind, Boolean) else f"{name} ĞÜŞİÖÇ ğüşıöç <&>\"'"


@pytest.fixture(scope="module")
def oracle():
    return Oracle()


@pytest.mark.parametrize("name", NAMES)
def test_spyne_reads_the_request_that_it_writes(oracle, name):
    values = sample(OPERATIONS[name].request, name)
    assert oracle.decode_request(oracle.encode_request(name, values)) == (name, values)


@pytest.mark.parametrize("name", NAMES)
def test_spyne_reads_the_answer_that_it_writes(oracle, name):
    result = sample(OPERATIONS[name].result, name)
    assert oracle.decode_response(oracle.encode_response(name, result)) == result


def test_spyne_writes_unqualified_elements(oracle):
    document = oracle.encode_request("getUserCredit", {"username": "admin"})
    assert b"<tns:getUserCredit><username>admin</username></tns:getUserCredit>" in document


def test_import_leaves_the_soap_protocols_of_spyne_out():
    code = "import sys, bridge.soap.contract; print([name for name in sys.modules if name.startswith('spyne.protocol.soap')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip() == "[]"
