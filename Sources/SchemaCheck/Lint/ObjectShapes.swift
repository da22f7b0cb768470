import ContractCompiler

/// The structure of OpenAPI documents (OpenAPI 3.0.4, 3.1.1 and 3.2.0, "Schema" sections). Both the `struct` rule and the walk through a
/// document use this table.
extension NodeKind {
    /// The structure of objects of this kind.
    var shape: ObjectShape { Self.shapes[self] ?? ObjectShape() }

    static let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"]

    private static let servers = FieldShape.list(.object(.server))
    private static let security = FieldShape.list(.object(.securityRequirement))
    private static let examples = FieldShape.map(.object(.example))
    private static let content = FieldShape.object(.mediaTypes)
    private static let headers = FieldShape.map(.object(.header))

    private static let shapes: [NodeKind: ObjectShape] = [
        .root: ObjectShape(
            fields: [
                "openapi": .scalar, "info": .object(.info), "servers": servers, "paths": .object(.paths),
                "webhooks": .object(.webhooks), "components": .object(.components), "security": security,
                "tags": .list(.object(.tag)), "externalDocs": .object(.externalDocs), "jsonSchemaDialect": .string,
                "$self": .string,
            ],
            required: ["openapi", "info"],
            since: ["webhooks": "3.1", "jsonSchemaDialect": "3.1", "$self": "3.2"]
        ),
        .info: ObjectShape(
            fields: [
                "title": .scalar, "version": .scalar, "summary": .string, "description": .string,
                "termsOfService": .string,
                "contact": .object(.contact), "license": .object(.license),
            ],
            required: ["title", "version"],
            since: ["summary": "3.1"]
        ),
        .contact: ObjectShape(fields: ["name": .string, "url": .string, "email": .string]),
        .license: ObjectShape(
            fields: ["name": .string, "url": .string, "identifier": .string],
            required: ["name"],
            since: ["identifier": "3.1"]
        ),
        .server: ObjectShape(
            fields: [
                "url": .string, "description": .string, "name": .string, "variables": .map(.object(.serverVariable)),
            ],
            required: ["url"],
            since: ["name": "3.2"]
        ),
        .serverVariable: ObjectShape(
            fields: ["enum": .list(.scalar), "default": .scalar, "description": .string],
            required: ["default"]
        ),
        .tag: ObjectShape(
            fields: [
                "name": .scalar, "description": .string, "externalDocs": .object(.externalDocs), "summary": .string,
                "parent": .string, "kind": .string,
            ],
            required: ["name"],
            since: ["summary": "3.2", "parent": "3.2", "kind": "3.2"]
        ),
        .externalDocs: ObjectShape(fields: ["url": .string, "description": .string], required: ["url"]),
        .paths: ObjectShape(entries: .object(.pathItem)),
        .webhooks: ObjectShape(entries: .object(.pathItem)),
        .pathItem: ObjectShape(
            fields: [
                "$ref": .string, "summary": .string, "description": .string, "servers": servers,
                "parameters": .list(.object(.parameter)), "additionalOperations": .map(.object(.operation)),
            ].merging(methods.map { ($0, .object(.operation)) }) { first, _ in first },
            isReferenceable: true,
            since: ["query": "3.2", "additionalOperations": "3.2"]
        ),
        .operation: ObjectShape(
            fields: [
                "tags": .list(.scalar), "summary": .string, "description": .string,
                "externalDocs": .object(.externalDocs),
                "operationId": .scalar, "parameters": .list(.object(.parameter)), "requestBody": .object(.requestBody),
                "responses": .object(.responses), "callbacks": .map(.object(.callback)), "deprecated": .boolean,
                "security": security, "servers": servers,
            ]
        ),
        .parameter: ObjectShape(
            fields: described.merging([
                "name": .scalar, "in": .word(["query", "header", "path", "cookie", "querystring"]),
            ]) { $1 },
            required: ["name", "in"],
            isReferenceable: true
        ),
        .header: ObjectShape(fields: described, isReferenceable: true),
        .requestBody: ObjectShape(
            fields: ["description": .string, "content": content, "required": .boolean],
            required: ["content"],
            isReferenceable: true
        ),
        .mediaTypes: ObjectShape(entries: .object(.mediaType)),
        .mediaType: ObjectShape(
            fields: [
                "schema": .object(.schema), "itemSchema": .object(.schema), "example": .any, "examples": examples,
                "encoding": .map(.object(.encoding)), "prefixEncoding": .list(.object(.encoding)),
                "itemEncoding": .object(.encoding),
            ],
            isReferenceable: true,
            since: ["itemSchema": "3.2", "prefixEncoding": "3.2", "itemEncoding": "3.2"]
        ),
        .encoding: ObjectShape(
            fields: [
                "contentType": .string, "headers": headers, "style": .string, "explode": .boolean,
                "allowReserved": .boolean,
                "encoding": .map(.object(.encoding)), "prefixEncoding": .list(.object(.encoding)),
                "itemEncoding": .object(.encoding),
            ],
            since: ["encoding": "3.2", "prefixEncoding": "3.2", "itemEncoding": "3.2"]
        ),
        .responses: ObjectShape(entries: .object(.response)),
        .response: ObjectShape(
            fields: [
                "description": .string, "summary": .string, "headers": headers, "content": content,
                "links": .map(.object(.link)),
            ],
            required: ["description"],
            isReferenceable: true,
            since: ["summary": "3.2"]
        ),
        .link: ObjectShape(
            fields: [
                "operationRef": .string, "operationId": .string, "parameters": .map(.any), "requestBody": .any,
                "description": .string, "server": .object(.server),
            ],
            isReferenceable: true
        ),
        .callback: ObjectShape(entries: .object(.pathItem), isReferenceable: true),
        .example: ObjectShape(
            fields: [
                "summary": .string, "description": .string, "value": .any, "externalValue": .string, "dataValue": .any,
                "serializedValue": .string,
            ],
            isReferenceable: true,
            since: ["dataValue": "3.2", "serializedValue": "3.2"]
        ),
        .discriminator: ObjectShape(
            fields: ["propertyName": .string, "mapping": .map(.string), "defaultMapping": .string],
            required: ["propertyName"],
            since: ["defaultMapping": "3.2"]
        ),
        .xml: ObjectShape(
            fields: [
                "name": .string, "namespace": .string, "prefix": .string, "attribute": .boolean, "wrapped": .boolean,
                "nodeType": .string,
            ],
            since: ["nodeType": "3.2"]
        ),
        .components: ObjectShape(
            fields: [
                "schemas": .map(.object(.schema)), "responses": .map(.object(.response)),
                "parameters": .map(.object(.parameter)), "examples": examples,
                "requestBodies": .map(.object(.requestBody)),
                "headers": headers, "securitySchemes": .map(.object(.securityScheme)), "links": .map(.object(.link)),
                "callbacks": .map(.object(.callback)), "pathItems": .map(.object(.pathItem)),
                "mediaTypes": .map(.object(.mediaType)),
            ],
            since: ["pathItems": "3.1", "mediaTypes": "3.2"]
        ),
        .securityScheme: ObjectShape(
            fields: [
                "type": .word(["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"]), "description": .string,
                "name": .string, "in": .word(["query", "header", "cookie"]), "scheme": .string, "bearerFormat": .string,
                "flows": .object(.flows), "openIdConnectUrl": .string, "oauth2MetadataUrl": .string,
                "deprecated": .boolean,
            ],
            required: ["type"],
            isReferenceable: true,
            since: ["oauth2MetadataUrl": "3.2", "deprecated": "3.2"]
        ),
        .flows: ObjectShape(
            fields: [
                "implicit": .object(.implicitFlow), "password": .object(.passwordFlow),
                "clientCredentials": .object(.clientCredentialsFlow),
                "authorizationCode": .object(.authorizationCodeFlow),
                "deviceAuthorization": .object(.deviceFlow),
            ],
            since: ["deviceAuthorization": "3.2"]
        ),
        .implicitFlow: flow(["authorizationUrl"]),
        .passwordFlow: flow(["tokenUrl"]),
        .clientCredentialsFlow: flow(["tokenUrl"]),
        .authorizationCodeFlow: flow(["authorizationUrl", "tokenUrl"]),
        .deviceFlow: flow(["deviceAuthorizationUrl", "tokenUrl"]),
        .securityRequirement: ObjectShape(entries: .list(.string)),
        .schema: ObjectShape(
            fields: keywords,
            since: SchemaKeyword.table.filter { !oldKeywords.contains($0.key) }.mapValues { _ in "3.1" }
        ),
    ]

    /// The fields that parameters and headers share.
    private static let described: [String: FieldShape] = [
        "description": .string, "required": .boolean, "deprecated": .boolean, "allowEmptyValue": .boolean,
        "style": .string,
        "explode": .boolean, "allowReserved": .boolean, "schema": .object(.schema), "example": .any,
        "examples": examples,
        "content": content,
    ]

    private static func flow(_ urls: [String]) -> ObjectShape {
        let fields: [String: FieldShape] = ["refreshUrl": .string, "scopes": .map(.string)]
        return ObjectShape(
            fields: fields.merging(urls.map { ($0, .string) }) { first, _ in first },
            required: urls + ["scopes"]
        )
    }

    private static let keywords: [String: FieldShape] = SchemaKeyword.table.reduce(into: [:]) { fields, entry in
        fields[entry.key] =
            switch entry.value.children {
            case .schema: .object(.schema)
            case .list: .list(.object(.schema))
            case .map: .map(.object(.schema))
            case .none: values[entry.key] ?? .any
            }
    }

    /// The schema keywords whose values contain no schemas.
    private static let values: [String: FieldShape] = [
        "$id": .string, "$schema": .string, "$ref": .string, "$anchor": .string, "$dynamicRef": .string,
        "$dynamicAnchor": .string, "$comment": .string, "$vocabulary": .map(.boolean), "type": .types,
        "enum": .list(.any), "multipleOf": .number, "maximum": .number, "minimum": .number,
        "exclusiveMaximum": .either(.number, .boolean), "exclusiveMinimum": .either(.number, .boolean),
        "maxLength": .integer, "minLength": .integer, "pattern": .string, "maxItems": .integer, "minItems": .integer,
        "uniqueItems": .boolean, "maxContains": .integer, "minContains": .integer, "maxProperties": .integer,
        "minProperties": .integer, "required": .list(.scalar), "dependentRequired": .map(.list(.string)),
        "format": .string, "title": .string, "description": .string, "deprecated": .boolean, "readOnly": .boolean,
        "writeOnly": .boolean, "examples": .list(.any), "contentEncoding": .string, "contentMediaType": .string,
        "discriminator": .object(.discriminator), "nullable": .boolean, "externalDocs": .object(.externalDocs),
        "xml": .object(.xml),
    ]

    /// The keywords of OpenAPI 3.0.
    private static let oldKeywords: Set = [
        "$ref", "title", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
        "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "required",
        "enum", "type", "allOf", "oneOf", "anyOf", "not", "items", "properties", "additionalProperties", "description",
        "format", "default", "nullable", "discriminator", "readOnly", "writeOnly", "xml", "externalDocs", "example",
        "deprecated",
    ]
}
