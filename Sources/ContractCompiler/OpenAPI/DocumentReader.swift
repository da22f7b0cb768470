/// Reads an OpenAPI 3.1 document from its nodes, following references as it meets them.
struct DocumentReader {
    var registry: Registry
    var log: DiagnosticLog

    /// The document whose root is `node`; nil when it is no OpenAPI document at all.
    mutating func document(_ node: Node) -> Document? {
        let known = ["openapi", "info", "servers", "tags", "paths", "components", "security", "externalDocs"]
        guard
            let fields = Fields(
                node,
                "an OpenAPI document",
                known: known,
                unsupported: ["webhooks", "jsonSchemaDialect"],
                log: &log
            )
        else { return nil }
        readVersion(fields)
        let info = fields.required("info", of: "an OpenAPI document", log: &log).flatMap { self.info($0) }
        _ = fields.required("paths", of: "an OpenAPI document", log: &log)
        let tags = fields.list("tags", log: &log).compactMap { tag($0) }
        let paths = fields.map("paths", log: &log).compactMap { pathItem($0) }
        let components =
            fields["components"].flatMap { self.components($0) } ?? Components(schemas: [], securitySchemes: [])
        return Document(
            node: node,
            title: info?.title ?? "",
            version: info?.version ?? "",
            tags: tags,
            paths: paths,
            components: components,
            security: fields["security"]
        )
    }

    private mutating func readVersion(_ fields: Fields) {
        guard let node = fields.required("openapi", of: "an OpenAPI document", log: &log) else { return }
        let text = node.scalar?.text ?? ""
        if !text.hasPrefix("3.1.") {
            log.error("OpenAPI '\(text)' is not supported, expected 3.1.x", at: node.location)
        }
    }

    private mutating func info(_ node: Node) -> (title: String, version: String)? {
        let known = ["title", "version", "summary", "description", "contact", "license", "termsOfService"]
        guard let fields = Fields(node, "an info object", known: known, log: &log) else { return nil }
        _ = fields.required("title", of: "an info object", log: &log)
        _ = fields.required("version", of: "an info object", log: &log)
        return (fields.string("title", log: &log) ?? "", fields.string("version", log: &log) ?? "")
    }

    private mutating func tag(_ node: Node) -> Tag? {
        guard let fields = Fields(node, "a tag", known: ["name", "description", "externalDocs"], log: &log) else {
            return nil
        }
        _ = fields.required("name", of: "a tag", log: &log)
        return fields.string("name", log: &log).map {
            Tag(name: $0, description: fields.string("description", log: &log))
        }
    }

    private mutating func pathItem(_ member: Node.Member) -> PathItem? {
        guard member.key.hasPrefix("/") else {
            if !member.key.hasPrefix("x-") {
                log.error("the path '\(member.key)' does not start with '/'", at: member.keyLocation)
            }
            return nil
        }
        guard let node = followed(member.value) else { return nil }
        let methods = ["get", "put", "post", "delete", "patch"]
        let unsupported = ["servers", "head", "options", "trace"]
        guard
            let fields = Fields(
                node,
                "a path item",
                known: methods + ["summary", "description", "parameters"],
                unsupported: unsupported,
                log: &log
            )
        else { return nil }
        let shared = fields.list("parameters", log: &log).compactMap { parameter($0) }
        let operations = methods.compactMap { method in
            fields[method].flatMap { operation($0, method: method, shared: shared) }
        }
        return PathItem(template: member.key, templateLocation: member.keyLocation, operations: operations)
    }

    private mutating func operation(_ node: Node, method: String, shared: [ParameterObject]) -> OperationObject? {
        let known = [
            "operationId", "tags", "summary", "description", "parameters", "requestBody", "responses", "security",
            "deprecated", "externalDocs",
        ]
        guard let fields = Fields(node, "an operation", known: known, unsupported: ["callbacks", "servers"], log: &log)
        else { return nil }
        let idNode = fields.required("operationId", of: "an operation", log: &log)
        _ = fields.required("responses", of: "an operation", log: &log)
        let tags = fields.list("tags", log: &log)
        if tags.count != 1 {
            log.error(
                "an operation needs exactly one tag, which names its group of handlers; found \(tags.count)",
                at: node.location
            )
        }
        let own = fields.list("parameters", log: &log).compactMap { parameter($0) }
        let inherited = shared.filter { shared in !own.contains { $0.name == shared.name && $0.place == shared.place } }
        let body = fields["requestBody"].flatMap { requestBody($0) }
        let responses = fields.map("responses", log: &log).compactMap { response($0) }
        guard let id = fields.string("operationId", log: &log), let idNode else { return nil }
        return OperationObject(
            node: node,
            method: method,
            id: id,
            idLocation: idNode.location,
            tag: tags.first,
            summary: fields.string("summary", log: &log),
            description: fields.string("description", log: &log),
            parameters: inherited + own,
            requestBody: body,
            responses: responses,
            security: fields["security"]
        )
    }

    private mutating func parameter(_ node: Node) -> ParameterObject? {
        let known = ["name", "in", "required", "description", "schema", "example", "examples", "deprecated"]
        let unsupported = ["style", "explode", "allowReserved", "allowEmptyValue", "content"]
        guard let node = followed(node),
            let fields = Fields(node, "a parameter", known: known, unsupported: unsupported, log: &log)
        else { return nil }
        let schemaNode = fields.required("schema", of: "a parameter", log: &log)
        _ = fields.required("name", of: "a parameter", log: &log)
        let placeNode = fields.required("in", of: "a parameter", log: &log)
        let places = ["path", "query", "header"]
        guard let name = fields.string("name", log: &log), let place = fields.string("in", log: &log), let placeNode,
            let schema = schemaNode.flatMap({ Schema($0, log: &log) })
        else { return nil }
        guard places.contains(place) else {
            let suggestion = Suggestion.text(for: place, in: places)
            log.error(
                "a parameter in '\(place)' is not supported, expected path, query or header\(suggestion)",
                at: placeNode.location
            )
            return nil
        }
        let isRequired = fields.boolean("required", log: &log) ?? false
        if place == "path", !isRequired { log.error("a path parameter needs 'required: true'", at: node.location) }
        let description = fields.string("description", log: &log)
        return ParameterObject(
            node: node,
            name: name,
            place: place,
            isRequired: isRequired,
            description: description,
            schema: schema
        )
    }

    private mutating func requestBody(_ node: Node) -> RequestBodyObject? {
        guard let node = followed(node),
            let fields = Fields(node, "a request body", known: ["description", "content", "required"], log: &log)
        else { return nil }
        if fields.boolean("required", log: &log) != true {
            log.error("an optional request body is not supported, expected 'required: true'", at: node.location)
        }
        _ = fields.required("content", of: "a request body", log: &log)
        return RequestBodyObject(node: node, content: fields.map("content", log: &log).compactMap { mediaType($0) })
    }

    private mutating func response(_ member: Node.Member) -> ResponseObject? {
        guard let status = Int(member.key), (200...599).contains(status) else {
            if !member.key.hasPrefix("x-") {
                log.error(
                    "the response '\(member.key)' is not supported, expected a status from 200 to 599",
                    at: member.keyLocation
                )
            }
            return nil
        }
        guard let node = followed(member.value),
            let fields = Fields(
                node,
                "a response",
                known: ["description", "content", "headers"],
                unsupported: ["links"],
                log: &log
            )
        else { return nil }
        _ = fields.required("description", of: "a response", log: &log)
        for header in fields.map("headers", log: &log) { readHeader(header) }
        return ResponseObject(
            node: node,
            status: status,
            statusLocation: member.keyLocation,
            description: fields.string("description", log: &log),
            content: fields.map("content", log: &log).compactMap { mediaType($0) }
        )
    }

    /// Response headers are checked here and set by the server, not by handlers.
    private mutating func readHeader(_ member: Node.Member) {
        guard let node = followed(member.value),
            let fields = Fields(node, "a header", known: ["description", "required", "schema", "example"], log: &log)
        else { return }
        if let schema = fields.required("schema", of: "a header", log: &log) { _ = Schema(schema, log: &log) }
    }

    private mutating func mediaType(_ member: Node.Member) -> MediaTypeObject? {
        guard
            let fields = Fields(
                member.value,
                "a media type",
                known: ["schema", "example", "examples"],
                unsupported: ["encoding"],
                log: &log
            )
        else { return nil }
        let schema = fields["schema"].flatMap { Schema($0, log: &log) }
        return MediaTypeObject(node: member.value, mediaType: member.key, schema: schema)
    }

    private mutating func components(_ node: Node) -> Components? {
        let known = ["schemas", "parameters", "responses", "requestBodies", "headers", "securitySchemes"]
        let unsupported = ["examples", "links", "callbacks", "pathItems"]
        guard let fields = Fields(node, "components", known: known, unsupported: unsupported, log: &log) else {
            return nil
        }
        // What nothing refers to is read all the same: its mistakes are mistakes.
        for member in fields.map("parameters", log: &log) { _ = parameter(member.value) }
        for member in fields.map("requestBodies", log: &log) { _ = requestBody(member.value) }
        for member in fields.map("headers", log: &log) { readHeader(member) }
        for member in fields.map("responses", log: &log) {
            _ = response(Node.Member(key: "200", keyLocation: member.keyLocation, value: member.value))
        }
        let schemas = fields.map("schemas", log: &log).compactMap { member in
            Schema(member.value, log: &log).map { Schema.Property(name: member.key, schema: $0) }
        }
        let schemes = fields.map("securitySchemes", log: &log).compactMap { securityScheme($0) }
        return Components(schemas: schemas, securitySchemes: schemes)
    }

    private mutating func securityScheme(_ member: Node.Member) -> SecuritySchemeObject? {
        guard let node = followed(member.value),
            let fields = Fields(
                node,
                "a security scheme",
                known: ["type", "description", "name", "in"],
                unsupported: ["scheme", "bearerFormat", "flows", "openIdConnectUrl"],
                log: &log
            )
        else { return nil }
        guard fields.string("type", log: &log) == "apiKey", fields.string("in", log: &log) == "header",
            let header = fields.string("name", log: &log)
        else {
            log.error(
                "a security scheme is supported as 'type: apiKey' with 'in: header' and a 'name'",
                at: node.location
            )
            return nil
        }
        return SecuritySchemeObject(name: member.key, node: node, header: header)
    }

    /// The node itself, or what its `$ref` names.
    private mutating func followed(_ node: Node) -> Node? {
        var node = node
        for _ in 0..<ReadingLimit.depth {
            guard let reference = node["$ref"] else { return node }
            guard let target = registry.resolve(reference, log: &log) else { return nil }
            node = target
        }
        log.error("this reference leads back to itself", at: node.location)
        return nil
    }
}
