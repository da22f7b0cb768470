/// Reads an OpenAPI 3.0, 3.1 or 3.2 document from its nodes. References are followed on the way.
struct DocumentReader {
    var registry: Registry
    var log: DiagnosticLog
    private var openCallbacks = 0
    /// The path items of callbacks inside of callbacks. Each is read once, because it may lead back to itself.
    private var innerCallbacks: Set<NodeKey> = []

    init(registry: Registry, log: DiagnosticLog) {
        self.registry = registry
        self.log = log
    }

    /// The document with the root `node`; nil if it is not an OpenAPI document.
    mutating func document(_ node: Node) -> Document? {
        let known = [
            "openapi", "info", "servers", "tags", "paths", "components", "security", "externalDocs", "webhooks",
            "jsonSchemaDialect", "$self",
        ]
        // Fields of 3.2 that are not read yet are not errors.
        if node["openapi"]?.scalar?.text.hasPrefix("3.2.") == true { log.relax() }
        guard let fields = Fields(node, "an OpenAPI document", known: known, log: &log) else { return nil }
        guard readVersion(fields) else { return nil }
        let info = fields.required("info", of: "an OpenAPI document", log: &log).flatMap { self.info($0) }
        if fields["paths"] == nil, fields["webhooks"] == nil, fields["components"] == nil {
            log.error(.missingField, "an OpenAPI document lacks 'paths'", at: node.location)
        }
        checkServers(fields)
        let tags = fields.list("tags", log: &log).compactMap { tag($0) }
        let paths = fields.map("paths", log: &log).compactMap { path($0) }
        let webhooks = fields.map("webhooks", log: &log).compactMap { pathItem($0) }
        let components =
            fields["components"].flatMap { self.components($0) } ?? Components(schemas: [], securitySchemes: [])
        return Document(
            node: node,
            title: info?.title ?? "",
            version: info?.version ?? "",
            tags: tags,
            paths: paths,
            webhooks: webhooks,
            components: components,
            security: fields["security"]
        )
    }

    private mutating func readVersion(_ fields: Fields) -> Bool {
        guard let node = fields.required("openapi", of: "an OpenAPI document", log: &log) else { return true }
        let text = node.scalar?.text ?? ""
        if text.hasPrefix("3.0.") || text.hasPrefix("3.1.") || text.hasPrefix("3.2.") { return true }
        let found = text.isEmpty ? node.kindDescription : "OpenAPI '\(text)'"
        log.error(.unsupportedVersion, "\(found) is not supported, expected 3.0.x, 3.1.x or 3.2.x", at: node.location)
        return false
    }

    private mutating func info(_ node: Node) -> (title: String, version: String)? {
        let known = ["title", "version", "summary", "description", "contact", "license", "termsOfService"]
        guard let fields = Fields(node, "an info object", known: known, log: &log) else { return nil }
        _ = fields.required("title", of: "an info object", log: &log)
        _ = fields.required("version", of: "an info object", log: &log)
        return (fields.string("title", log: &log) ?? "", fields.string("version", log: &log) ?? "")
    }

    private mutating func tag(_ node: Node) -> Tag? {
        let known = ["name", "description", "externalDocs", "summary", "parent", "kind"]
        guard let fields = Fields(node, "a tag", known: known, log: &log) else { return nil }
        _ = fields.required("name", of: "a tag", log: &log)
        return fields.string("name", log: &log).map {
            Tag(name: $0, description: fields.string("description", log: &log))
        }
    }

    private mutating func checkServers(_ fields: Fields) {
        for server in fields.list("servers", log: &log) {
            let known = ["url", "description", "variables", "name"]
            guard let fields = Fields(server, "a server", known: known, log: &log) else { continue }
            _ = fields.required("url", of: "a server", log: &log)
        }
    }

    // MARK: - Paths

    private mutating func path(_ member: Node.Member) -> PathItem? {
        if member.key.hasPrefix("x-") { return nil }
        guard member.key.hasPrefix("/") else {
            log.error(.pathSyntax, "the path '\(member.key)' does not start with '/'", at: member.keyLocation)
            return nil
        }
        return pathItem(member)
    }

    private mutating func pathItem(_ member: Node.Member) -> PathItem? {
        if member.key.hasPrefix("x-") { return nil }
        guard let node = followed(member.value) else { return nil }
        let methods = ["get", "put", "post", "delete", "patch", "head", "options", "trace", "query"]
        let known = methods + ["summary", "description", "parameters", "servers", "additionalOperations", "$ref"]
        guard let fields = Fields(node, "a path item", known: known, log: &log) else { return nil }
        checkServers(fields)
        let shared = fields.list("parameters", log: &log).compactMap { parameter($0) }
        var operations = methods.compactMap { method in
            fields[method].flatMap { operation($0, method: method, shared: shared) }
        }
        operations += fields.map("additionalOperations", log: &log).compactMap {
            operation($0.value, method: $0.key, shared: shared)
        }
        return PathItem(template: member.key, templateLocation: member.keyLocation, operations: operations)
    }

    private mutating func operation(_ node: Node, method: String, shared: [ParameterObject]) -> OperationObject? {
        let known = [
            "operationId", "tags", "summary", "description", "parameters", "requestBody", "responses", "security",
            "deprecated", "externalDocs", "callbacks", "servers",
        ]
        guard let fields = Fields(node, "an operation", known: known, log: &log) else { return nil }
        checkServers(fields)
        let own = fields.list("parameters", log: &log).compactMap { parameter($0) }
        let inherited = shared.filter { shared in !own.contains { $0.name == shared.name && $0.place == shared.place } }
        let body = fields["requestBody"].flatMap { requestBody($0) }
        let responses = fields.map("responses", log: &log).compactMap { response($0) }
        return OperationObject(
            node: node,
            method: method,
            id: fields.string("operationId", log: &log),
            idLocation: fields["operationId"]?.location ?? node.location,
            tag: fields.list("tags", log: &log).first,
            summary: fields.string("summary", log: &log),
            description: fields.string("description", log: &log),
            isDeprecated: fields.boolean("deprecated", log: &log) ?? false,
            parameters: inherited + unrepeated(own),
            requestBody: body,
            responses: responses,
            callbacks: callbacks(fields),
            security: fields["security"]
        )
    }

    /// An operation must not have two parameters with the same name and location.
    private mutating func unrepeated(_ parameters: [ParameterObject]) -> [ParameterObject] {
        var seen: [String: Location] = [:]
        return parameters.filter { parameter in
            guard let other = seen.updateValue(parameter.node.location, forKey: "\(parameter.place) \(parameter.name)")
            else { return true }
            let note = Diagnostic.Note(message: "the other definition", location: other)
            let message = "the \(parameter.place) parameter '\(parameter.name)' is given twice"
            log.error(.duplicateParameter, message, at: parameter.node.location, notes: [note])
            return false
        }
    }

    private mutating func callbacks(_ fields: Fields) -> [PathItem] {
        guard openCallbacks < 4 else { return [] }
        openCallbacks += 1
        defer { openCallbacks -= 1 }
        return fields.map("callbacks", log: &log).flatMap { member -> [PathItem] in
            guard let node = followed(member.value), let members = node.members else { return [] }
            return members.compactMap { item in
                if openCallbacks > 1, let node = followed(item.value), !innerCallbacks.insert(NodeKey(node)).inserted {
                    return nil
                }
                return pathItem(item)
            }
        }
    }

    // MARK: - Parameters and headers

    private static let parameterFields = [
        "name", "in", "required", "description", "schema", "example", "examples", "deprecated", "style", "explode",
        "allowReserved", "allowEmptyValue", "content",
    ]
    /// The styles for each location, the default first (OpenAPI 3.1, "Style Values").
    private static let styles = [
        "path": ["simple", "label", "matrix"], "query": ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
        "header": ["simple"], "cookie": ["form", "cookie"],
    ]

    private mutating func parameter(_ node: Node) -> ParameterObject? {
        guard let node = followed(node),
            let fields = Fields(node, "a parameter", known: Self.parameterFields, log: &log)
        else { return nil }
        _ = fields.required("name", of: "a parameter", log: &log)
        let placeNode = fields.required("in", of: "a parameter", log: &log)
        guard let name = fields.string("name", log: &log), let place = fields.string("in", log: &log), let placeNode
        else { return nil }
        guard let styles = Self.styles[place] else {
            let places = ["path", "query", "header", "cookie"]
            let suggestion = Suggestion.text(for: place, in: places)
            log.strictly(
                .parameterPlace,
                "the parameter is in '\(place)', expected path, query, header or cookie\(suggestion)",
                at: placeNode.location
            )
            return nil
        }
        let isRequired = fields.boolean("required", log: &log) ?? false
        if place == "path", !isRequired {
            log.strictly(.pathParameterOptional, "a path parameter needs 'required: true'", at: node.location)
        }
        return described(fields, name: name, place: place, isRequired: isRequired || place == "path", styles: styles)
    }

    private mutating func header(_ member: Node.Member) -> ParameterObject? {
        guard let node = followed(member.value),
            let fields = Fields(node, "a header", known: Self.parameterFields, log: &log)
        else { return nil }
        let isRequired = fields.boolean("required", log: &log) ?? false
        return described(fields, name: member.key, place: "header", isRequired: isRequired, styles: ["simple"])
    }

    private mutating func described(
        _ fields: Fields,
        name: String,
        place: String,
        isRequired: Bool,
        styles: [String]
    ) -> ParameterObject? {
        let style = fields.string("style", log: &log) ?? styles.first ?? "simple"
        if !styles.contains(style), let node = fields["style"] {
            let suggestion = Suggestion.text(for: style, in: styles)
            let expected = styles.joined(separator: ", ")
            log.error(
                .parameterStyle,
                "a \(place) parameter has no style '\(style)', expected \(expected)\(suggestion)",
                at: node.location
            )
        }
        let content = fields.map("content", log: &log).compactMap { mediaType($0) }
        if content.count > 1, let node = fields["content"] {
            log.error(
                .parameterContent,
                "the 'content' of a parameter has \(content.count) media types, expected one",
                at: node.location
            )
        }
        if fields["schema"] == nil, content.isEmpty {
            log.error(.missingField, "a parameter lacks 'schema'", at: fields.node.location)
            return nil
        }
        return ParameterObject(
            node: fields.node,
            name: name,
            place: place,
            isRequired: isRequired,
            description: fields.string("description", log: &log),
            style: style,
            explodes: fields.boolean("explode", log: &log)
                ?? (style == "form" || style == "cookie" || style == "deepObject"),
            schema: fields["schema"],
            content: content.first
        )
    }

    // MARK: - Bodies

    private mutating func requestBody(_ node: Node) -> RequestBodyObject? {
        guard let node = followed(node),
            let fields = Fields(node, "a request body", known: ["description", "content", "required"], log: &log)
        else { return nil }
        _ = fields.required("content", of: "a request body", log: &log)
        return RequestBodyObject(
            node: node,
            isRequired: fields.boolean("required", log: &log) ?? false,
            content: fields.map("content", log: &log).compactMap { mediaType($0) }
        )
    }

    private mutating func response(_ member: Node.Member) -> ResponseObject? {
        if member.key.hasPrefix("x-") { return nil }
        guard let status = Self.status(member.key) else {
            let message = "'\(member.key)' is not a status, expected 100 to 599, a range like 4XX, or default"
            log.error(.status, message, at: member.keyLocation)
            return nil
        }
        return response(member, status)
    }

    private mutating func response(_ member: Node.Member, _ status: ResponseObject.Status) -> ResponseObject? {
        let known = ["description", "content", "headers", "links", "summary"]
        guard let node = followed(member.value), let fields = Fields(node, "a response", known: known, log: &log) else {
            return nil
        }
        if fields["description"] == nil {
            log.warning(.missingField, "a response lacks 'description'", at: node.location)
        }
        return ResponseObject(
            node: node,
            status: status,
            statusLocation: member.keyLocation,
            description: fields.string("description", log: &log),
            // 'content' describes the Content-Type header (OpenAPI 3.1, "Response Object").
            headers: fields.map("headers", log: &log).filter { $0.key.lowercased() != "content-type" }.compactMap {
                header($0)
            },
            content: fields.map("content", log: &log).compactMap { mediaType($0) }
        )
    }

    private static func status(_ text: String) -> ResponseObject.Status? {
        if text == "default" { return .other }
        if text.count == 3, text.uppercased().hasSuffix("XX"), let digit = Int(text.prefix(1)), (1...5).contains(digit)
        {
            return .range(digit)
        }
        return Int(text).flatMap { (100...599).contains($0) ? .code($0) : nil }
    }

    private mutating func mediaType(_ member: Node.Member) -> MediaTypeObject? {
        let known = ["schema", "itemSchema", "example", "examples", "encoding", "itemEncoding", "prefixEncoding"]
        guard let node = followed(member.value), let fields = Fields(node, "a media type", known: known, log: &log)
        else {
            return nil
        }
        let examples = fields.map("examples", log: &log).compactMap { followed($0.value)?["value"] }
        return MediaTypeObject(
            node: node,
            mediaType: member.key,
            schema: fields["schema"],
            itemSchema: fields["itemSchema"],
            examples: (fields["example"].map { [$0] } ?? []) + examples
        )
    }

    // MARK: - Components

    private mutating func components(_ node: Node) -> Components? {
        let known = [
            "schemas", "parameters", "responses", "requestBodies", "headers", "securitySchemes", "examples", "links",
            "callbacks", "pathItems", "mediaTypes",
        ]
        guard let fields = Fields(node, "components", known: known, log: &log) else { return nil }
        // Unreferenced components are read too, to report their errors.
        for member in fields.map("parameters", log: &log) { _ = parameter(member.value) }
        for member in fields.map("requestBodies", log: &log) { _ = requestBody(member.value) }
        for member in fields.map("headers", log: &log) { _ = header(member) }
        for member in fields.map("responses", log: &log) { _ = response(member, .other) }
        for member in fields.map("pathItems", log: &log) { _ = pathItem(member) }
        let schemes = fields.map("securitySchemes", log: &log).compactMap { securityScheme($0) }
        return Components(schemas: fields.map("schemas", log: &log), securitySchemes: schemes)
    }

    private mutating func securityScheme(_ member: Node.Member) -> SecuritySchemeObject? {
        let known = [
            "type", "description", "name", "in", "scheme", "bearerFormat", "flows", "openIdConnectUrl", "deprecated",
            "oauth2MetadataUrl",
        ]
        guard let node = followed(member.value),
            let fields = Fields(node, "a security scheme", known: known, log: &log),
            let typeNode = fields.required("type", of: "a security scheme", log: &log)
        else { return nil }
        let types = ["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"]
        func text(_ name: String) -> String? {
            _ = fields.required(name, of: "a security scheme of this type", log: &log)
            return fields.string(name, log: &log)
        }
        let kind: SecuritySchemeObject.Kind?
        switch typeNode.string {
        case "apiKey":
            let place = text("in")
            if let place, !["query", "header", "cookie"].contains(place), let node = fields["in"] {
                log.error(
                    .securityScheme,
                    "the API key is in '\(place)', expected query, header or cookie",
                    at: node.location
                )
                return nil
            }
            let name = text("name")
            kind = place.flatMap { place in name.map { .apiKey(place: place, name: $0) } }
        case "http": kind = text("scheme").map { .http(scheme: $0.lowercased()) }
        case "oauth2":
            _ = fields.required("flows", of: "a security scheme of this type", log: &log)
            kind = .oauth2
        case "openIdConnect": kind = text("openIdConnectUrl").map { .openIDConnect(url: $0) }
        case "mutualTLS": kind = .mutualTLS
        default:
            let found = typeNode.scalar?.text ?? typeNode.kindDescription
            let suggestion = Suggestion.text(for: found, in: types)
            log.error(
                .securityScheme,
                "the security scheme has the type '\(found)', expected \(types.joined(separator: ", "))\(suggestion)",
                at: typeNode.location
            )
            return nil
        }
        return kind.map { SecuritySchemeObject(name: member.key, node: node, kind: $0) }
    }

    /// The node itself, or the target of its `$ref`.
    private mutating func followed(_ node: Node) -> Node? {
        var node = node
        for _ in 0..<ReadingLimit.depth {
            guard let reference = node["$ref"] else { return node }
            guard let target = registry.resolve(reference, log: &log) else { return nil }
            node = target
        }
        log.error(.circularReference, "this reference leads back to itself", at: node.location)
        return nil
    }
}
