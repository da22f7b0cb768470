/// Resolves the content of requests and responses: parameters, bodies, headers.
extension ContractBuilder {
    mutating func parameter(
        _ object: ParameterObject,
        _ template: PathTemplate,
        _ typeName: String,
        _ security: [[SecurityRequirement]],
        _ names: inout Set<String>
    ) -> Parameter? {
        let isCredential = security.joined().contains {
            if case .apiKey(object.place, let name) = $0.scheme.kind {
                name.lowercased() == object.name.lowercased()
            } else {
                false
            }
        }
        if isCredential {
            builder.reader.log.error(
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
        return described(object, typeName, &names, index: template.parameterNames.firstIndex(of: object.name) ?? 0)
    }

    mutating func described(
        _ object: ParameterObject,
        _ typeName: String,
        _ names: inout Set<String>,
        index: Int = 0
    ) -> Parameter? {
        guard let node = object.schema ?? object.content?.schema else { return nil }
        let value = value(at: node, name: typeName + SwiftName.type(object.name))
        for example in [object.node["example"]].compactMap(\.self) { builder.record(example, of: value) }
        let defaultNode = builder.reader.schema(at: node)?.defaultValue
        return Parameter(
            swiftName: SwiftName.distinct(SwiftName.property(object.name), &names),
            name: object.name,
            place: object.place,
            index: index,
            style: object.style,
            explodes: object.explodes,
            isJSON: object.content != nil,
            value: value,
            shape: object.content == nil ? builder.shape(of: value) : .json,
            isRequired: object.isRequired,
            defaultValue: object.isRequired ? nil : defaultNode.flatMap { builder.defaultValue($0, for: value) },
            description: object.description
        )
    }

    mutating func value(at node: Node, name: String) -> Value {
        guard let schema = builder.reader.schema(at: node) else {
            return Value(kind: .any)
        }
        return builder.value(of: schema, name: name)
    }

    // MARK: - Bodies

    mutating func body(_ objects: [MediaTypeObject], _ isRequired: Bool, _ name: String) -> Body? {
        var names: Set<String> = []
        let contents = objects.map { content($0, name, isOnly: objects.count == 1, &names) }
        return contents.isEmpty ? nil : Body(contents: contents, isRequired: isRequired)
    }

    mutating func content(
        _ object: MediaTypeObject,
        _ name: String,
        isOnly: Bool,
        _ names: inout Set<String>
    ) -> Content {
        let mediaType = object.mediaType.lowercased().filter { $0 != " " }
        let essence = mediaType.prefix { $0 != ";" }
        let label: String
        let kind: Content.Kind
        func typed() -> Value {
            guard let node = object.itemSchema ?? object.schema else { return Value(kind: .any) }
            return value(at: node, name: isOnly ? name : name + SwiftName.type(Self.label(of: String(essence))))
        }
        label = Self.label(of: String(essence))
        switch essence {
        case "application/x-www-form-urlencoded":
            let value = typed()
            kind = .form(value, shape: builder.shape(of: value))
        case "multipart/form-data", "multipart/mixed", "multipart/related":
            let value = builder.withFiles(typed(), encoding: object.encoding)
            kind = .multipart(value, shape: builder.shape(of: value))
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
        if case .json(let value) = kind { for example in object.examples { builder.record(example, of: value) } }
        return Content(
            mediaType: object.mediaType,
            swiftName: SwiftName.distinct(SwiftName.property(label), &names),
            kind: kind
        )
    }

    /// The schema of the JSON in an event's data. An event may be described as an object of its fields, as in OpenAPI 3.2
    /// ("Server-Sent Event Streams"), or by its data alone.
    private mutating func eventData(_ node: Node) -> Node {
        guard var event = builder.reader.schema(at: node) else { return node }
        if let reference = event.reference, let target = builder.reader.follow(reference, from: event) {
            event = target
        }
        let data = event.properties.first { $0.name == "data" }
        return data?.schema.node["contentSchema"] ?? node
    }

    /// Whether a body that is not JSON is a string.
    mutating func isText(_ node: Node?) -> Bool {
        guard let node, let schema = builder.reader.schema(at: node) else {
            return false
        }
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

    mutating func responses(_ object: OperationObject, _ typeName: String) -> [Response] {
        var seen: [ResponseObject.Status: Location] = [:]
        var names: Set<String> = []
        return object.responses.compactMap { response in
            if let other = seen.updateValue(response.statusLocation, forKey: response.status) {
                let note = Diagnostic.Note(message: "the other definition", location: other)
                builder.reader.log.error(
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
                    builder.reader.log.error(
                        .problemStatus,
                        "a problem must have a status from 400",
                        at: response.statusLocation
                    )
                }
                if let node = only.schema { _ = value(at: node, name: typeName + "Problem") }
                return nil
            }
            let name = SwiftName.distinct(Self.name(of: response.status), &names)
            let label = typeName + name.prefix(1).uppercased() + name.dropFirst()
            let body = self.body(response.content, true, label)
            responseRoots += body?.values ?? []
            var headerNames: Set<String> = []
            let headers = response.headers.compactMap { described($0, label, &headerNames) }
            return Response(
                status: response.status,
                swiftName: name,
                body: body,
                headers: headers,
                description: response.description
            )
        }
    }

    private static func name(of status: ResponseObject.Status) -> String {
        switch status {
        case .other: "other"
        case .range(let digit): ["information", "success", "redirection", "clientError", "serverError"][digit - 1]
        case .code(let code): names[code] ?? "status\(code)"
        }
    }

    /// The status names of RFC 9110, section 15, and RFC 6585.
    private static let names = [
        200: "ok", 201: "created", 202: "accepted", 203: "nonAuthoritativeInformation", 204: "noContent",
        205: "resetContent", 206: "partialContent", 300: "multipleChoices", 301: "movedPermanently", 302: "found",
        303: "seeOther", 304: "notModified", 307: "temporaryRedirect", 308: "permanentRedirect", 400: "badRequest",
        401: "unauthorized", 402: "paymentRequired", 403: "forbidden", 404: "notFound", 405: "methodNotAllowed",
        406: "notAcceptable", 408: "requestTimeout", 409: "conflict", 410: "gone", 411: "lengthRequired",
        412: "preconditionFailed", 413: "contentTooLarge", 414: "uriTooLong", 415: "unsupportedMediaType",
        422: "unprocessableContent", 423: "locked", 425: "tooEarly", 428: "preconditionRequired",
        429: "tooManyRequests",
        500: "internalServerError", 501: "notImplemented", 502: "badGateway", 503: "serviceUnavailable",
        504: "gatewayTimeout",
    ]
}

extension Body {
    /// The types that a body decodes to.
    var values: [Value] {
        contents.compactMap { content in
            switch content.kind {
            case .json(let value), .form(let value, _), .multipart(let value, _), .text(let value), .lines(let value),
                .events(let value):
                value
            case .bytes: nil
            }
        }
    }
}
