package gateway

import _ "embed"

//go:generate sh -c "cd .. && oapi-codegen -config gateway/oapi-codegen.yaml gateway/openapi.yaml"

// Description is the API's OpenAPI 3.1 document, from which the handlers are
// made and which GET /v1/openapi.yaml serves.
//
//go:embed openapi.yaml
var Description string
