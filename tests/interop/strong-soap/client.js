// strong-soap, with a client made from the WSDL that the running bridge serves.

import { promisify } from "node:util";
import strong from "strong-soap";
import { run } from "../checks.mjs";

const { soap } = strong;

await run({
  async make(wsdl, login) {
    const client = await promisify(soap.createClient)(wsdl, {});
    if (login) client.setSecurity(new soap.BasicAuthSecurity(login.username, login.password));
    return client;
  },
  send(client, operation, fields) {
    return new Promise((resolve, reject) => client[operation](fields, (error, answer) => (error ? reject(error) : resolve(answer))));
  },
});
