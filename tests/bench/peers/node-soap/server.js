// sendSms with the npm packages: soap reads and writes by the WSDL, undici keeps connections to the vendor.
// node server.js PORT VENDOR_URL WSDL_FILE
'use strict';
const fs = require('fs');
const http = require('http');
const soap = require('soap');
const { Pool } = require('undici');

const [port, vendor, wsdl] = process.argv.slice(2);
const pool = new Pool(vendor, { connections: 300 });
const PASSED_ON = ['type', 'sendingType', 'number', 'title', 'content', 'encoding', 'sender', 'periodicSettings', 'sendingDate',
  'validity', 'pushSettings', 'commercial', 'customID'];
const given = value => value !== undefined && value !== null && value !== '';

function translate(call) {
  if (!given(call.username) || !given(call.type) || !given(call.sendingType)) {
    throw { Fault: { faultcode: 'soap:Client', faultstring: 'username, type and sendingType are needed' } };
  }
  const body = Object.fromEntries(PASSED_ON.filter(name => given(call[name])).map(name => [name, call[name]]));
  if (call.numbers && call.numbers.item) body.numbers = [].concat(call.numbers.item);
  return JSON.stringify(body);
}

async function sendSms(call) {
  const login = Buffer.from(`${call.username}:${call.password}`).toString('base64');
  const response = await pool.request({
    method: 'POST', path: '/sms/create', body: translate(call),
    headers: { 'content-type': 'application/json', authorization: `Basic ${login}` },
  });
  const answer = await response.body.json();
  return { result: { err: answer.err || '', data: answer.data } };
}

const wsdlText = fs.readFileSync(wsdl, 'utf8');
const [, service] = wsdlText.match(/<(?:\w+:)?service[^>]*\sname="([^"]+)"/);
const [, portName] = wsdlText.match(/<(?:\w+:)?port\s[^>]*name="([^"]+)"/);
const operations = { sendSms: (call, done) => { sendSms(call).then(answer => done(null, answer), done); } };
const server = http.createServer((request, response) => response.writeHead(404).end());
server.listen(+port, '127.0.0.1', () => {
  soap.listen(server, { path: '/soap', xml: wsdlText, services: { [service]: { [portName]: operations } } });
});
