// The checks of the two clients for Node.js. What differs between them is how a client is made and called.

import assert from "node:assert/strict";

const [url, username, password, SENDER, TAG] = process.argv.slice(2);
const LOGIN = { username, password };
const TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €";
const FIRST = "905321234567";
const SECOND = "905331234567";
const SMS = { type: 1, title: "Deneme", sender: SENDER, encoding: 1 };

// A header that the server must understand, and does not.
const HEADER = '<x:unknown xmlns:x="urn:x" xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" e:mustUnderstand="1"/>';

// make: (WSDL's address, login for HTTP Basic or undefined) to a client; send: (client, operation, fields) to the answer.
export async function run({ make, send }) {
  const client = await make(`${url}?wsdl`);
  for (const [name, check] of Object.entries(checksOf(client, make, send))) {
    try {
      await check();
      console.log(`CHECK ${name} ok`);
    } catch (error) {
      console.log(`CHECK ${name} FAIL ${String(error.message).replaceAll("\n", " ")}`);
    }
  }
  console.log("DONE");
}

const text = (word) => `${TAG} ${word}: ${TURKISH}`;
const rows = (page) => page.list?.item ?? [];
const one = (word, more) => ({ ...SMS, sendingType: 0, content: text(word), number: FIRST, ...more });
const many = (word, item) => ({ ...SMS, sendingType: 1, content: text(word), numbers: { item } });
const otp = (more) => ({ content: text("otp"), number: FIRST, sender: SENDER, encoding: 1, validity: 3, ...more });

function each(first, second) {
  const item = [{ nr: FIRST, msg: text(first) }, { nr: SECOND, msg: text(second) }];
  return { ...SMS, sendingType: 2, content: "-", numbers: { item } };
}

function checksOf(client, make, send) {
  async function call(operation, fields, { login = LOGIN, from = client } = {}) {
    return (await send(from, operation, { ...login, ...fields })).result;
  }

  async function data(operation, fields, more) {
    const result = await call(operation, fields, more);
    assert.ok(!result.err?.code, JSON.stringify(result.err));
    return result.data;
  }

  async function refusal(expected, status, operation, fields, more) {
    const { err, data } = await call(operation, fields, more);
    assert.ok(!data || Object.keys(data).length === 0, JSON.stringify(data));
    assert.deepEqual([err.code, err.status], [expected, status]);
    assert.ok(err.message);
  }

  async function sentTo(packageId) {
    const page = await data("getSmsPackageItems", { pkgID: packageId });
    assert.equal(page.stats.totalRecord, rows(page).length);
    return rows(page).map((row) => [row.target, row.msg || null]).sort();
  }

  async function packageOf(packageId) {
    const page = await data("getSmsPackages", { ids: { item: [packageId] } });
    assert.deepEqual([page.stats.totalRecord, rows(page).length], [1, 1]);
    return rows(page)[0];
  }

  return {
    async "sendSms one"() {
      assert.ok(Number((await data("sendSms", one("one", { customID: `${TAG}-1` }))).pkgID) > 0);
    },

    async "sendSms many"() {
      const { pkgID } = await data("sendSms", many("many", [{ nr: FIRST }, { nr: SECOND }]));
      assert.deepEqual(await sentTo(pkgID), [[FIRST, null], [SECOND, null]]);
    },

    async "sendSms plain"() {
      const { pkgID } = await data("sendSms", many("plain", [FIRST, SECOND]));
      assert.deepEqual(await sentTo(pkgID), [[FIRST, null], [SECOND, null]]);
    },

    async "sendSms each"() {
      assert.ok(Number((await data("sendSms", each("first", "second"))).pkgID) > 0);
    },

    async "sendSms duplicate"() {
      await refusal("ERR_SMS_PKG_CUSTOM_ID_DUPLICATION", 417, "sendSms", one("one", { customID: `${TAG}-1` }));
    },

    async "sendSms empty"() {
      await refusal("ERR_EMPTY_SMS_PACKAGE", 417, "sendSms", many("empty", []));
    },

    async "sendSms refused"() {
      await refusal("ERR_BAD_REQUEST", 400, "sendSms", one("refused", { type: 7 }));
    },

    async "sendOtp sent"() {
      const sent = await packageOf((await data("sendOtp", otp())).pkgID);
      assert.deepEqual([sent.type, sent.validity], [0, 3]);
    },

    async "sendOtp refused"() {
      await refusal("ERR_BAD_REQUEST", 400, "sendOtp", otp({ validity: 30 }));
    },

    async "getSmsPackages by-id"() {
      const { pkgID } = await data("sendSms", one("package", { customID: `${TAG}-2` }));
      const sent = await packageOf(pkgID);
      assert.deepEqual([sent.id, sent.customID, sent.content], [pkgID, `${TAG}-2`, text("package")]);
      assert.deepEqual(sent.senders.item, [SENDER]);
      assert.equal(sent.statistics.rCount, 1);
      assert.ok(typeof sent.statistics.total === "number" && sent.statistics.total > 0);
    },

    async "getSmsPackages none"() {
      const page = await data("getSmsPackages", { ids: { item: [1] } });
      assert.deepEqual([page.stats.totalRecord, rows(page)], [0, []]);
    },

    async "getSmsPackageItems both"() {
      const { pkgID } = await data("sendSms", each("A", "B"));
      assert.deepEqual(await sentTo(pkgID), [[FIRST, text("A")], [SECOND, text("B")]]);
    },

    async "getSmsPackageItems refused"() {
      await refusal("ERR_SMS_PKG_NOT_FOUND", 417, "getSmsPackageItems", { pkgID: 1 });
    },

    async "getSmsSenders list"() {
      const page = await data("getSmsSenders", { status: 1 });
      assert.equal(page.stats.totalRecord, 1);
      assert.deepEqual(rows(page).map((row) => [row.title, row.status]), [[SENDER, 1]]);
    },

    async "cancelSmsPackage scheduled"() {
      const { pkgID } = await data("sendSms", one("scheduled", { customID: `${TAG}-3`, sendingDate: "2040-01-01 10:00" }));
      assert.equal((await data("cancelSmsPackage", { id: pkgID })).status, 1);
      assert.equal((await packageOf(pkgID)).state, -4);
    },

    async "cancelSmsPackage refused"() {
      await refusal("ERR_SMS_PKG_NOT_CHANGEABLE", 417, "cancelSmsPackage", { customID: `${TAG}-3` });
    },

    async "getUserCredit credit"() {
      assert.ok(Number((await data("getUserCredit", {})).credit) > 0);
    },

    async "getUserCredit wrong-password"() {
      await refusal("ERR_UNAUTHORIZED_REQUEST", 401, "getUserCredit", {}, { login: { username, password: "wrong" } });
    },

    async "getUserCredit basic"() {
      const from = await make(`${url}?wsdl`, { username, password });
      assert.ok(Number((await data("getUserCredit", {}, { login: {}, from })).credit) > 0);
    },

    async "getUserCredit fault"() {
      const from = await make(`${url}?wsdl`);
      from.addSoapHeader(HEADER);
      await assert.rejects(call("getUserCredit", {}, { from }), ({ root }) => {
        assert.equal(root.Envelope.Body.Fault.faultstring, "A SOAP header that must be understood is not known.");
        return true;
      });
    },
  };
}
