/// Resolves a document and its schemas into a contract.
package struct ContractBuilder {
    private var document: DocumentReader
    private var builder: ModelBuilder

    /// Reads the document at `root` and every schema among `schemas`, referenced or not. What is wrong is added to `log`;
    /// nil when that leaves no contract to speak of.
    package static func build(
        root: String,
        schemas: [String],
        registry: Registry,
        log: inout DiagnosticLog
    ) -> Contract? {
        var registry = registry
        guard let node = registry.root(of: root, log: &log) else { return nil }
        var reader = DocumentReader(registry: registry, log: log)
        let document = reader.document(node)
        log = reader.log
        guard let document else { return nil }
        var builder = ContractBuilder(reader)
        let contract = builder.contract(document, schemas: schemas)
        log = builder.builder.log
        return log.hasErrors ? nil : contract
    }

    private init(_ reader: DocumentReader) {
        document = reader
        builder = ModelBuilder(registry: reader.registry, log: reader.log)
    }

    private mutating func contract(_ document: Document, schemas: [String]) -> Contract {
        for path in schemas {
            guard let node = builder.registry.root(of: path, log: &builder.log) else { continue }
            if let schema = Schema(node, log: &builder.log) {
                builder.define(schema, name: ModelBuilder.name(of: node))
            }
        }
        for component in document.components.schemas {
            builder.define(component.schema, name: SwiftName.type(component.name))
        }
        let operations = self.operations(of: document)
        var bundler = Bundler(registry: builder.registry, log: builder.log)
        let bundle = bundler.bundle(document.node)
        builder.log = bundler.log
        return Contract(
            title: document.title,
            version: document.version,
            groups: groups(of: operations, in: document),
            models: builder.models,
            bundle: bundle
        )
    }

    // MARK: - Operations

    private mutating func operations(of document: Document) -> [(tag: String, operation: Operation)] {
        var ids: [String: Location] = [:]
        var shapes: [[PathTemplate.Segment]: Location] = [:]
        var operations: [(String, Operation)] = []
        for item in document.paths {
            guard let template = template(item) else { continue }
            // Templates that differ only in their parameters' names match the same paths (OpenAPI 3.1, "Paths Object").
            let shape = template.segments.map {
                if case .parameter = $0 { PathTemplate.Segment.parameter("") } else { $0 }
            }
            if let other = shapes.updateValue(item.templateLocation, forKey: shape) {
                let note = Diagnostic.Note(message: "the other one", location: other)
                builder.log.error("two paths match the same requests", at: item.templateLocation, notes: [note])
            }
            for object in item.operations {
                if let other = ids.updateValue(object.idLocation, forKey: object.id) {
                    let note = Diagnostic.Note(message: "the other one", location: other)
                    builder.log.error("two operations are named '\(object.id)'", at: object.idLocation, notes: [note])
                }
                guard let tag = tag(of: object, in: document),
                    let operation = operation(object, template, in: document, at: item)
                else { continue }
                operations.append((tag, operation))
            }
        }
        return operations
    }

    private mutating func template(_ item: PathItem) -> PathTemplate? {
        let segments = item.template.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            $0.hasPrefix("{") && $0.hasSuffix("}")
                ? PathTemplate.Segment.parameter(String($0.dropFirst().dropLast())) : .literal(String($0))
        }
        let hasPartial = segments.contains {
            if case .literal(let text) = $0 { text.contains("{") || text.contains("}") } else { false }
        }
        guard !hasPartial, segments.count <= 16 else {
            let message = "a path is supported with at most 16 segments, each a literal or one {parameter}"
            builder.log.error(message, at: item.templateLocation)
            return nil
        }
        return PathTemplate(text: item.template, segments: segments)
    }

    private mutating func tag(of object: OperationObject, in document: Document) -> String? {
        guard let node = object.tag, let name = node.string else { return nil }
        if !document.tags.contains(where: { $0.name == name }) {
            let suggestion = Suggestion.text(for: name, in: document.tags.map(\.name))
            builder.log.error("the tag '\(name)' is not declared in 'tags'\(suggestion)", at: node.location)
        }
        return name
    }

    private mutating func operation(
        _ object: OperationObject,
        _ template: PathTemplate,
        in document: Document,
        at item: PathItem
    ) -> Operation? {
        let typeName = object.id.prefix(1).uppercased() + object.id.dropFirst()
        let isIdentifier =
            object.id.first?.isLowercase == true && object.id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        if !isIdentifier {
            builder.log.error(
                "'\(object.id)' cannot name a Swift function, expected a form like 'getBot'",
                at: object.idLocation
            )
        }
        if SwiftName.reserved.contains(typeName) {
            builder.log.error("the generated code needs the name '\(typeName)' itself", at: object.idLocation)
        }
        if let model = builder.models.first(where: { $0.name == typeName }) {
            let note = Diagnostic.Note(message: "the schema", location: model.node.location)
            builder.log.error(
                "an operation and a schema are both named '\(typeName)'",
                at: object.idLocation,
                notes: [note]
            )
        }
        checkTemplate(template, object, at: item)
        let security = self.security(of: object, in: document)
        let parameters = object.parameters.compactMap { parameter($0, template, typeName, security) }
        let body = object.requestBody.flatMap { self.body($0, typeName) }
        let responses = object.responses.compactMap { response($0, typeName) }
        if object.responses.allSatisfy({ $0.status >= 400 }) {
            builder.log.error("an operation needs a response that is no problem", at: object.node.location)
        }
        return Operation(
            id: object.id,
            typeName: typeName,
            method: object.method.uppercased(),
            template: template,
            parameters: parameters,
            body: body,
            responses: responses,
            security: security,
            summary: object.summary,
            description: object.description,
            node: object.node
        )
    }

    private mutating func checkTemplate(_ template: PathTemplate, _ object: OperationObject, at item: PathItem) {
        let declared = object.parameters.filter { $0.place == "path" }
        for name in template.parameterNames where !declared.contains(where: { $0.name == name }) {
            let suggestion = Suggestion.text(for: name, in: declared.map(\.name))
            builder.log.error(
                "'\(object.id)' lacks the path parameter '\(name)'\(suggestion)",
                at: item.templateLocation
            )
        }
        for parameter in declared where !template.parameterNames.contains(parameter.name) {
            builder.log.error("the path '\(item.template)' has no '{\(parameter.name)}'", at: parameter.node.location)
        }
    }

    private mutating func parameter(
        _ object: ParameterObject,
        _ template: PathTemplate,
        _ typeName: String,
        _ security: [SecurityScheme]
    ) -> Parameter? {
        if security.contains(where: { $0.header.lowercased() == object.name.lowercased() }), object.place == "header" {
            builder.log.error("'\(object.name)' is a security scheme's header already", at: object.node.location)
        }
        guard let value = builder.value(of: object.schema, name: typeName + SwiftName.type(object.name)) else {
            return nil
        }
        guard !value.isNullable, value.isParameter else {
            builder.log.error(
                "a parameter of type \(value.swiftType)\(value.isNullable ? " or null" : "") is not supported",
                at: object.node.location
            )
            return nil
        }
        let swiftName = SwiftName.property(object.name)
        if ["body", "principal", "request", "parameters"].contains(swiftName) {
            builder.log.error("the generated code needs the name '\(swiftName)' itself", at: object.node.location)
        }
        let place: Parameter.Place =
            switch object.place {
            case "path": .path(index: template.parameterNames.firstIndex(of: object.name) ?? 0)
            case "query": .query
            default: .header
            }
        return Parameter(
            swiftName: swiftName,
            name: object.name,
            place: place,
            value: value,
            isRequired: object.isRequired,
            defaultValue: object.schema.defaultValue.flatMap { builder.defaultValue($0, for: value) },
            description: object.description
        )
    }

    private mutating func body(_ object: RequestBodyObject, _ typeName: String) -> Value? {
        guard let content = object.content.first, object.content.count == 1, content.mediaType == "application/json",
            let schema = content.schema
        else {
            builder.log.error("a request body is supported as application/json with a schema", at: object.node.location)
            return nil
        }
        guard let value = builder.value(of: schema, name: typeName + "Body") else { return nil }
        if case .structure = value.kind, !value.isNullable { return value }
        builder.log.error("a request body is supported as an object with properties", at: content.node.location)
        return nil
    }

    /// Nil for a problem: handlers throw those.
    private mutating func response(_ object: ResponseObject, _ typeName: String) -> Response? {
        if object.content.count == 1, object.content[0].mediaType == "application/problem+json" {
            if object.status < 400 { builder.log.error("a problem needs a status from 400", at: object.statusLocation) }
            if let schema = object.content[0].schema { _ = builder.value(of: schema, name: typeName + "Problem") }
            return nil
        }
        guard object.status < 300, let name = Self.names[object.status] else {
            builder.log.error(
                "the status \(object.status) is supported as application/problem+json, or from 200 to 204",
                at: object.statusLocation
            )
            return nil
        }
        guard let body = responseBody(object, typeName + name.prefix(1).uppercased() + name.dropFirst()) else {
            return nil
        }
        return Response(status: object.status, swiftName: name, body: body, description: object.description)
    }

    private mutating func responseBody(_ object: ResponseObject, _ name: String) -> Response.Body? {
        guard let content = object.content.first else { return Response.Body.none }
        guard object.content.count == 1, let schema = content.schema else {
            builder.log.error("a response is supported with one media type and a schema", at: object.node.location)
            return nil
        }
        guard let value = builder.value(of: schema, name: name) else { return nil }
        if content.mediaType == "application/json" { return .json(value) }
        if case .string = value.kind { return .text(mediaType: content.mediaType) }
        builder.log.error("a response of '\(content.mediaType)' is supported as a string", at: content.node.location)
        return nil
    }

    private static let names = [200: "ok", 201: "created", 202: "accepted", 204: "noContent"]

    private mutating func security(of object: OperationObject, in document: Document) -> [SecurityScheme] {
        guard let node = object.security ?? document.security, let requirements = node.items, !requirements.isEmpty
        else { return [] }
        guard requirements.count == 1, let members = requirements[0].members else {
            builder.log.error("alternative security requirements are not supported", at: node.location)
            return []
        }
        return members.compactMap { member in
            if let scheme = document.components.securitySchemes.first(where: { $0.name == member.key }) {
                return SecurityScheme(name: scheme.name, header: scheme.header)
            }
            let known = document.components.securitySchemes.map(\.name)
            let suggestion = Suggestion.text(for: member.key, in: known)
            builder.log.error("there is no security scheme '\(member.key)'\(suggestion)", at: member.keyLocation)
            return nil
        }
    }

    private func groups(of operations: [(tag: String, operation: Operation)], in document: Document) -> [OperationGroup]
    {
        document.tags.compactMap { tag in
            let members = operations.filter { $0.tag == tag.name }.map(\.operation)
            guard !members.isEmpty else { return nil }
            return OperationGroup(name: SwiftName.type(tag.name), description: tag.description, operations: members)
        }
    }
}
