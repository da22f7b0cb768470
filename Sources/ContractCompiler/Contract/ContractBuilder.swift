/// Resolves a document and its schemas into a contract.
package struct ContractBuilder {
    let document: Document
    var builder: ModelBuilder
    private var operationNames: [String: Location] = [:]
    private var typeNames: Set<String> = []
    private var callbacks: [Operation] = []
    /// The values that operations read and return.
    var requestRoots: [Value] = []
    var responseRoots: [Value] = []

    /// Reads the document at `root` and all of `schemas`, whether or not it refers to them. Diagnostics are added to `log`. Returns nil
    /// if no contract can be built.
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
        var builder = ContractBuilder(document, ModelBuilder(reader: SchemaReader(registry: reader.registry, log: log)))
        let contract = builder.contract(schemas: schemas)
        log = builder.builder.reader.log
        return log.hasErrors ? nil : contract
    }

    private init(_ document: Document, _ builder: ModelBuilder) {
        self.document = document
        self.builder = builder
    }

    private mutating func contract(schemas paths: [String]) -> Contract {
        let files = paths.compactMap { builder.reader.registry.root(of: $0, log: &builder.reader.log) }
        for node in files { builder.declare(node, name: ModelBuilder.name(of: node)) }
        for member in document.components.schemas {
            // A component that consists of a reference to a file is the schema of that file.
            guard !isFileReference(member.value) else { continue }
            builder.declare(member.value, name: SwiftName.type(member.key))
        }
        for node in files + document.components.schemas.map(\.value).filter({ !isFileReference($0) }) {
            let resource = builder.reader.registry.resource(of: node)
            if let schema = builder.reader.schema(at: node, in: resource) { builder.define(schema) }
        }
        typeNames = Set(builder.models.map(\.name))
        let operations = self.operations()
        let outgoing = document.webhooks.flatMap { self.outgoing($0) }
        var bundler = Bundler(registry: builder.reader.registry, log: builder.reader.log)
        let bundle = bundler.bundle(document.node)
        builder.reader.log = bundler.log
        return Contract(
            title: document.title,
            version: document.version,
            groups: groups(of: operations),
            outgoing: outgoing + callbacks,
            models: builder.finishedModels(requests: requestRoots, responses: responseRoots),
            rules: builder.rules.rules,
            bundle: bundle,
            examples: builder.directedExamples,
            documents: builder.reader.registry.paths.compactMap {
                builder.reader.registry.root(of: $0, log: &builder.reader.log)
            }
        )
    }

    private func isFileReference(_ node: Node) -> Bool {
        guard let members = node.members, members.count == 1, let text = node["$ref"]?.string else { return false }
        return text.hasSuffix(".schema.json")
    }

    // MARK: - Operations

    private mutating func operations() -> [(tag: String?, operation: Operation)] {
        var shapes: [[[PathTemplate.Piece]]: Location] = [:]
        var operations: [(String?, Operation)] = []
        for item in document.paths {
            guard let template = template(item) else { continue }
            // Path templates that differ only in parameter names match the same paths (OpenAPI 3.1, "Paths Object").
            if let other = shapes.updateValue(item.templateLocation, forKey: template.shape) {
                let note = Diagnostic.Note(message: "the other definition", location: other)
                builder.reader.log.strictly(
                    .ambiguousPath,
                    "two paths match the same requests",
                    at: item.templateLocation,
                    notes: [note]
                )
            }
            for object in item.operations {
                guard let operation = operation(object, template, at: item) else { continue }
                operations.append((object.tag?.scalar?.text, operation))
                for callback in object.callbacks { callbacks += outgoing(callback) }
            }
        }
        return operations
    }

    /// The requests of a webhook or callback. Their URL is known only at run time.
    private mutating func outgoing(_ item: PathItem) -> [Operation] {
        item.operations.compactMap { object in
            operation(object, PathTemplate(text: item.template, segments: []), at: item)
        }
    }

    private mutating func operation(_ object: OperationObject, _ template: PathTemplate, at item: PathItem)
        -> Operation?
    {
        var contractID = object.id ?? Self.name(of: object.method, item.template)
        var id = SwiftName.property(contractID)
        if let other = operationNames[id] {
            let note = Diagnostic.Note(message: "the other definition", location: other)
            let message = "two operations are named '\(contractID)'"
            builder.reader.log.strictly(.duplicateName, message, at: object.idLocation, notes: [note])
            var names = Set(operationNames.keys)
            id = SwiftName.distinct(id, &names)
            contractID = id
        }
        operationNames[id] = object.idLocation
        checkTag(object)
        var typeName = SwiftName.unreserved(SwiftName.type(contractID))
        if !typeNames.insert(typeName).inserted { typeName = SwiftName.distinct(typeName + "Operation", &typeNames) }
        builder.take(typeName, object.node)
        let security = self.security(object.security ?? document.security)
        if !template.segments.isEmpty { checkTemplate(template, object, contractID, at: item) }
        var names: Set<String> = ["body", "principal", "request", "parameters"]
        let parameters = object.parameters.compactMap {
            parameter($0, template, typeName, security, &names)
        }
        let body = object.requestBody.flatMap { self.body($0.content, $0.isRequired, typeName + "Body") }
        requestRoots += parameters.map(\.value) + (body?.values ?? [])
        let responses = self.responses(object, typeName)
        return Operation(
            id: id,
            contractID: contractID,
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

    private mutating func checkTag(_ object: OperationObject) {
        guard let node = object.tag, let name = node.scalar?.text, !document.tags.contains(where: { $0.name == name })
        else { return }
        let suggestion = Suggestion.text(for: name, in: document.tags.map(\.name))
        builder.reader.log.strictly(
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

    /// The groups in the order of `tags`. Undeclared tags, and operations without a tag, come last.
    private func groups(of operations: [(tag: String?, operation: Operation)]) -> [OperationGroup] {
        var order = document.tags.map(\.name)
        for tag in operations.compactMap(\.tag) where !order.contains(tag) { order.append(tag) }
        var names: Set<String> = ["Operations", "OperationsModel"]
        let named = order.compactMap { tag -> OperationGroup? in
            let members = operations.filter { $0.tag == tag }.map(\.operation)
            guard !members.isEmpty else { return nil }
            let name = SwiftName.distinct(SwiftName.type(tag), &names)
            let description = document.tags.first { $0.name == tag }?.description
            return OperationGroup(name: name, description: description, operations: members)
        }
        let rest = operations.filter { $0.tag == nil }.map(\.operation)
        guard !rest.isEmpty else { return named }
        return named + [OperationGroup(name: SwiftName.distinct("Other", &names), description: nil, operations: rest)]
    }
}
