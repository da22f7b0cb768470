/// Builds the operations of a contract from top to bottom: names, security, parameters, request body, responses.
struct OperationBuilder {
    private let document: Document
    private(set) var models: ModelBuilder
    /// The values that operations read and return.
    private(set) var requestRoots: [Value] = []
    private(set) var responseRoots: [Value] = []
    /// The requests of callbacks, which the operations built so far declare.
    private(set) var callbacks: [Operation] = []
    private var operationNames: [String: Location] = [:]
    private var typeNames: Set<String>

    /// Creates a builder that adds the types of operations to `models`, which has the schemas of the document.
    init(_ document: Document, _ models: ModelBuilder) {
        self.document = document
        self.models = models
        typeNames = Set(models.models.map(\.name))
    }

    /// The operations of the document's paths with their tags, in the order of the document.
    mutating func operations() -> [(tag: String?, operation: Operation)] {
        var shapes: [[[PathTemplate.Piece]]: Location] = [:]
        var operations: [(String?, Operation)] = []
        for item in document.paths {
            guard let template = PathTemplate(item, log: &models.reader.log) else { continue }
            // Path templates that differ only in parameter names match the same paths (OpenAPI 3.1, "Paths Object").
            if let other = shapes.updateValue(item.templateLocation, forKey: template.shape) {
                let note = Diagnostic.Note(message: "the other definition", location: other)
                models.reader.log.strictly(
                    .ambiguousPath,
                    "two paths match the same requests",
                    at: item.templateLocation,
                    notes: [note]
                )
            }
            for object in item.operations {
                operations.append((object.tag?.scalar?.text, operation(object, template, at: item)))
                for callback in object.callbacks { callbacks += outgoing(callback) }
            }
        }
        return operations
    }

    /// The requests of a webhook or callback. Their URL is known only at run time.
    mutating func outgoing(_ item: PathItem) -> [Operation] {
        let template = PathTemplate(text: item.template, segments: [])
        return item.operations.map { operation($0, template, at: item) }
    }

    private mutating func operation(_ object: OperationObject, _ template: PathTemplate, at item: PathItem) -> Operation
    {
        let id = id(of: object, at: item)
        checkTag(object)
        var typeName = SwiftName.unreserved(SwiftName.type(id))
        if !typeNames.insert(typeName).inserted { typeName = SwiftName.distinct(typeName + "Operation", &typeNames) }
        models.take(typeName, object.node)
        let security = self.security(object.security ?? document.security)
        if !template.segments.isEmpty { checkTemplate(template, object, id, at: item) }
        let parameters = object.parameters.compactMap { parameter($0, template, typeName, security) }
        let body = object.requestBody.flatMap { self.body($0.content, $0.isRequired, typeName + "Body") }
        requestRoots += parameters.map(\.value) + (body?.values ?? [])
        let responses = self.responses(object, typeName)
        return Operation(
            id: id,
            typeName: typeName,
            method: object.method.uppercased(),
            template: template,
            parameters: parameters,
            body: body,
            responses: responses,
            security: security,
            optionalSecurity: self.security(object.node["x-optional-security"]),
            summary: object.summary,
            description: object.description,
            isDeprecated: object.isDeprecated,
            node: object.node
        )
    }

    /// The `operationId`, or a name derived from the method and path. Ids that differ only in punctuation name the same function.
    private mutating func id(of object: OperationObject, at item: PathItem) -> String {
        let id = object.id ?? Self.name(of: object.method, item.template)
        var name = SwiftName.property(id)
        guard let other = operationNames[name] else {
            operationNames[name] = object.idLocation
            return id
        }
        let note = Diagnostic.Note(message: "the other definition", location: other)
        let message = "two operations are named '\(id)'"
        models.reader.log.strictly(.duplicateName, message, at: object.idLocation, notes: [note])
        name = SwiftName.numbered(name) { operationNames[$0] != nil }
        operationNames[name] = object.idLocation
        return name
    }

    private mutating func checkTag(_ object: OperationObject) {
        guard let node = object.tag, let name = node.scalar?.text, !document.tags.contains(where: { $0.name == name })
        else { return }
        let suggestion = Suggestion.text(for: name, in: document.tags.map(\.name))
        models.reader.log.strictly(
            .undeclaredTag,
            "the tag '\(name)' is not declared in 'tags'\(suggestion)",
            at: node.location
        )
    }

    /// `GET /bots/{bot_id}` → `getBotsByBotID`
    private static func name(of method: String, _ template: String) -> String {
        let words = template.split { $0 == "/" || $0 == "." }.map { word -> String in
            guard word.hasPrefix("{") else { return SwiftName.type(String(word)) }
            return "By" + SwiftName.type(String(word.dropFirst().prefix { $0 != "}" }))
        }
        return method.lowercased() + words.joined()
    }

    // MARK: - Paths

    private mutating func checkTemplate(
        _ template: PathTemplate,
        _ object: OperationObject,
        _ id: String,
        at item: PathItem
    ) {
        let declared = object.parameters.filter { $0.place == "path" }
        for name in template.parameterNames where !declared.contains(where: { $0.name == name }) {
            let suggestion = Suggestion.text(for: name, in: declared.map(\.name))
            models.reader.log.strictly(
                .missingPathParameter,
                "'\(id)' lacks the path parameter '\(name)'\(suggestion)",
                at: item.templateLocation
            )
        }
        for parameter in declared where !template.parameterNames.contains(parameter.name) {
            models.reader.log.strictly(
                .unusedPathParameter,
                "the path '\(item.template)' has no '{\(parameter.name)}'",
                at: parameter.node.location
            )
        }
        if Set(template.parameterNames).count < template.parameterNames.count {
            models.reader.log.error(
                .pathSyntax,
                "the path '\(item.template)' contains a parameter twice",
                at: item.templateLocation
            )
        }
    }

    // MARK: - Security

    private mutating func security(_ node: Node?) -> [[SecurityRequirement]] {
        guard let node else { return [] }
        guard let alternatives = node.items else {
            models.reader.log.error(
                .fieldType,
                "'security' is \(node.kindDescription), expected a sequence",
                at: node.location
            )
            return []
        }
        return alternatives.map { alternative in
            (alternative.members ?? []).compactMap { member in
                let known = document.components.securitySchemes
                if let scheme = known.first(where: { $0.name == member.key }) {
                    return SecurityRequirement(scheme: scheme, scopes: (member.value.items ?? []).compactMap(\.string))
                }
                let suggestion = Suggestion.text(for: member.key, in: known.map(\.name))
                models.reader.log.strictly(
                    .unknownSecurityScheme,
                    "'\(member.key)' is not a security scheme\(suggestion)",
                    at: member.keyLocation
                )
                return nil
            }
        }
    }

    // MARK: - Parameters and headers

    private mutating func parameter(
        _ object: ParameterObject,
        _ template: PathTemplate,
        _ typeName: String,
        _ security: [[SecurityRequirement]]
    ) -> Parameter? {
        let isCredential = security.joined().contains {
            if case .apiKey(object.place, let name) = $0.scheme.kind {
                name.lowercased() == object.name.lowercased()
            } else {
                false
            }
        }
        if isCredential {
            models.reader.log.error(
                .securityScheme,
                "'\(object.name)' is already the \(object.place) of a security scheme",
                at: object.node.location
            )
        }
        // A parameter that is not in the template has been reported already.
        if object.place == "path", !template.segments.isEmpty, !template.parameterNames.contains(object.name) {
            return nil
        }
        // The specification describes these three elsewhere in the document (OpenAPI 3.1, "Parameter Object").
        if object.place == "header", ["accept", "content-type", "authorization"].contains(object.name.lowercased()) {
            return nil
        }
        return described(object, typeName, index: template.parameterNames.firstIndex(of: object.name) ?? 0)
    }

    private mutating func described(_ object: ParameterObject, _ typeName: String, index: Int = 0) -> Parameter? {
        guard let node = object.schema ?? object.content?.schema else { return nil }
        let value = value(at: node, name: typeName + SwiftName.type(object.name))
        for example in [object.node["example"]].compactMap(\.self) { models.record(example, of: value) }
        let defaultNode = models.reader.schema(at: node)?.defaultValue
        return Parameter(
            name: object.name,
            place: object.place,
            index: index,
            style: object.style,
            explodes: object.explodes,
            isJSON: object.content != nil,
            value: value,
            shape: object.content == nil ? models.shape(of: value) : .json,
            isRequired: object.isRequired,
            defaultValue: object.isRequired ? nil : defaultNode.flatMap { models.defaultValue($0, for: value) },
            description: object.description
        )
    }

    private mutating func value(at node: Node, name: String) -> Value {
        guard let schema = models.reader.schema(at: node) else { return Value(kind: .any) }
        return models.value(of: schema, name: name)
    }

    // MARK: - Bodies

    private mutating func body(_ objects: [MediaTypeObject], _ isRequired: Bool, _ name: String) -> Body? {
        let contents = objects.map { content($0, name, isOnly: objects.count == 1) }
        return contents.isEmpty ? nil : Body(contents: contents, isRequired: isRequired)
    }

    private mutating func content(_ object: MediaTypeObject, _ name: String, isOnly: Bool) -> Content {
        let mediaType = object.mediaType.lowercased().filter { $0 != " " }
        let essence = String(mediaType.prefix { $0 != ";" })
        let label = Self.label(of: essence)
        let kind: Content.Kind
        func typed() -> Value {
            guard let node = object.itemSchema ?? object.schema else { return Value(kind: .any) }
            return value(at: node, name: isOnly ? name : name + SwiftName.type(label))
        }
        switch essence {
        case "application/x-www-form-urlencoded":
            let value = typed()
            kind = .form(value, shape: models.shape(of: value))
        case "multipart/form-data", "multipart/mixed", "multipart/related":
            let value = models.withFiles(typed())
            kind = .multipart(value, shape: models.shape(of: value))
        case "text/event-stream":
            let node = (object.itemSchema ?? object.schema).map { eventData($0) }
            kind = .events(node.map { value(at: $0, name: isOnly ? name : name + "Events") } ?? Value(kind: .any))
        case "application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/json-seq":
            kind = .lines(typed())
        default:
            if essence == "application/json" || essence.hasSuffix("+json") || (essence == "*/*" && object.schema != nil)
            {
                kind = .json(typed())
            } else if isText(object.schema), case let value = typed(), case .string = value.kind {
                kind = .text(value)
            } else {
                kind = .bytes
            }
        }
        if case .json(let value) = kind { for example in object.examples { models.record(example, of: value) } }
        return Content(mediaType: object.mediaType, label: label, kind: kind)
    }

    /// The schema of the JSON in an event's data. An event may be described as an object of its fields, as in OpenAPI 3.2
    /// ("Server-Sent Event Streams"), or by its data alone.
    private mutating func eventData(_ node: Node) -> Node {
        guard var event = models.reader.schema(at: node) else { return node }
        if let reference = event.reference, let target = models.reader.follow(reference, from: event) {
            event = target
        }
        let data = event.properties.first { $0.name == "data" }
        return data?.schema.node["contentSchema"] ?? node
    }

    /// Whether a body that is not JSON is a string.
    private mutating func isText(_ node: Node?) -> Bool {
        guard let node, let schema = models.reader.schema(at: node) else { return false }
        return schema.types == [.string] && schema.format != "binary"
    }

    private static func label(of mediaType: String) -> String {
        switch mediaType {
        case "application/x-www-form-urlencoded": "form"
        case "application/octet-stream", "*/*": "bytes"
        case "text/event-stream": "events"
        case "text/plain": "text"
        default:
            mediaType.hasPrefix("multipart/")
                ? "multipart"
                : mediaType.hasSuffix("*")
                    ? String(mediaType.prefix { $0 != "/" })
                    : mediaType.split(separator: "/").last.map(String.init) ?? "body"
        }
    }

    // MARK: - Responses

    private mutating func responses(_ object: OperationObject, _ typeName: String) -> [Response] {
        var seen: [ResponseObject.Status: Location] = [:]
        return object.responses.compactMap { response in
            if let other = seen.updateValue(response.statusLocation, forKey: response.status) {
                let note = Diagnostic.Note(message: "the other definition", location: other)
                models.reader.log.error(
                    .duplicateStatus,
                    "the status is given twice",
                    at: response.statusLocation,
                    notes: [note]
                )
                return nil
            }
            if response.content.count == 1, let only = response.content.first,
                only.mediaType.hasPrefix("application/problem+json")
            {
                if case .code(let status) = response.status, status < 400 {
                    models.reader.log.error(
                        .problemStatus,
                        "a problem must have a status from 400",
                        at: response.statusLocation
                    )
                }
                if let node = only.schema { _ = value(at: node, name: typeName + "Problem") }
                return nil
            }
            let name = response.status.name
            let label = typeName + name.prefix(1).uppercased() + name.dropFirst()
            let body = self.body(response.content, true, label)
            responseRoots += body?.values ?? []
            let headers = response.headers.compactMap { described($0, label) }
            return Response(
                status: response.status,
                body: body,
                headers: headers,
                description: response.description
            )
        }
    }
}
