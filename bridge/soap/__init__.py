"""SOAP: the contract, the codec, credentials, faults and the HTTP endpoint. Only here spyne and lxml are used."""
