// node-soap with a client made from the WSDL that the running bridge serves: node client.js http://127.0.0.1:9587/soap
// Prints one line for each check and ends with status 1 at the first that fails.

import assert from "node:assert/strict";
import soap from "soap";

const endpoint = process.argv[2];
const LOGIN = { username: "admin", password: "123456" };
const TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €";
const FIRST = "905321234567";
const SECOND = "905331234567";
const SMS = { type: 1, title: "Deneme", sender: "BASLIK", encoding: 1 };

async function clientOf() {
  const client = await soap.createClientAsync(`${endpoint}?wsdl`);
  assert.deepEqual(Object.keys(client.describe()), ["SmsService"]);
  return client;
}

const client = await clientOf();

async function call(operation, fields, { login = LOGIN, from = client } = {}) {
  const [answer] = await from[`${operation}Async`]({ ...login, ...fields });
  return answer.result;
}

async function data(operation, fields, more) {
  const result = await call(operation, fields, more);
  assert.ok(!result.err?.code, JSON.stringify(result.err));
  return result.data;
}

async function code(operation, fields, more) {
  const result = await call(operation, fields, more);
  assert.ok(!result.data || Object.keys(result.data).length === 0, JSON.stringify(result.data));
  return result.err.code;
}

const list = (page) => [page.list?.item ?? []].flat();

async function sentTo(packageId) {
  const page = await data("getSmsPackageItems", { pkgID: packageId });
  const rows = list(page);
  assert.equal(Number(page.stats.totalRecord), rows.length);
  return rows.map((row) => [row.target, row.msg || null]).sort();
}

async function packageOf(packageId) {
  const rows = list(await data("getSmsPackages", { ids: { item: [packageId] } }));
  assert.equal(rows.length, 1);
  return rows[0];
}

const checks = {
  async "credit and senders"() {
    assert.ok(Number((await data("getUserCredit", {})).credit) > 0);
    const senders = list(await data("getSmsSenders", { status: 1 }));
    assert.deepEqual(senders.map((sender) => sender.title), ["BASLIK"]);
  },

  async "one number, and its customID once"() {
    const fields = { ...SMS, sendingType: 0, content: TURKISH, number: FIRST, customID: "node-soap-1" };
    const { pkgID } = await data("sendSms", fields);
    const sent = await packageOf(pkgID);
    assert.deepEqual([sent.content, sent.customID, sent.senders.item], [TURKISH, "node-soap-1", ["BASLIK"]]);
    assert.equal(await code("sendSms", fields), "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION");
  },

  async "one text for many"() {
    for (const item of [[FIRST, SECOND], [{ nr: FIRST }, { nr: SECOND }]]) {
      const { pkgID } = await data("sendSms", { ...SMS, sendingType: 1, content: TURKISH, numbers: { item } });
      assert.deepEqual(await sentTo(pkgID), [[FIRST, null], [SECOND, null]]);
    }
  },

  async "a text for each"() {
    const item = [{ nr: FIRST, msg: TURKISH }, { nr: SECOND, msg: "B kişisine özel" }];
    const { pkgID } = await data("sendSms", { ...SMS, sendingType: 2, content: "-", numbers: { item } });
    assert.deepEqual(await sentTo(pkgID), [[FIRST, TURKISH], [SECOND, "B kişisine özel"]]);
  },

  async "otp"() {
    const { pkgID } = await data("sendOtp", { content: "Kodunuz: 123456", number: FIRST, sender: "BASLIK", validity: 3 });
    const sent = await packageOf(pkgID);
    assert.deepEqual([Number(sent.type), Number(sent.validity)], [0, 3]);
  },

  async "cancel"() {
    const { pkgID } = await data("sendSms", { ...SMS, sendingType: 0, content: "x", number: FIRST, sendingDate: "2040-01-01 10:00" });
    assert.equal(Number((await data("cancelSmsPackage", { id: pkgID })).status), 1);
    assert.equal(Number((await packageOf(pkgID)).state), -4);
    assert.equal(await code("cancelSmsPackage", { id: pkgID }), "ERR_SMS_PKG_NOT_CHANGEABLE");
  },

  async "nothing found"() {
    const page = await data("getSmsPackages", { ids: { item: [1] } });
    assert.deepEqual([Number(page.stats.totalRecord), list(page)], [0, []]);
  },

  async "a wrong password"() {
    assert.equal(await code("getUserCredit", {}, { login: { username: "admin", password: "wrong" } }), "ERR_UNAUTHORIZED_REQUEST");
  },

  async "HTTP Basic without a login in the body"() {
    const basic = await clientOf();
    basic.setSecurity(new soap.BasicAuthSecurity("admin", "123456"));
    assert.ok(Number((await data("getUserCredit", {}, { login: {}, from: basic })).credit) > 0);
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log(`ok ${name}`);
}
