// node-soap, with a client made from the WSDL that the running bridge serves.

import soap from "soap";
import { run } from "../checks.mjs";

await run({
  async make(wsdl, login) {
    const client = await soap.createClientAsync(wsdl);
    if (login) client.setSecurity(new soap.BasicAuthSecurity(login.username, login.password));
    return client;
  },
  async send(client, operation, fields) {
    const [answer] = await client[`${operation}Async`](fields);
    return answer;
  },
});
