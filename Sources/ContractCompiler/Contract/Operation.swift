/// One operation: its parameters, request body and responses.
package struct Operation {
    /// The `operationId`, or a name derived from the method and path.
    let id: String
    let typeName: String
    let method: String
    let template: PathTemplate
    let parameters: [Parameter]
    let body: Body?
    let responses: [Response]
    /// The security schemes that a caller must satisfy: all schemes of one alternative. Empty for an open operation.
    let security: [[SecurityRequirement]]
    /// The schemes of an open operation that a server's configuration may require (`x-optional-security`).
    let optionalSecurity: [[SecurityRequirement]]
    let summary: String?
    let description: String?
    let isDeprecated: Bool
    let node: Node

    /// Whether the operation reads header fields: as parameters, to choose the media type of the body, or for the boundary of a multipart
    /// body.
    var readsHeaders: Bool {
        let contents = body?.contents ?? []
        let hasParts = contents.contains { if case .multipart = $0.kind { true } else { false } }
        return contents.count > 1 || hasParts || parameters.contains { ["header", "cookie"].contains($0.place) }
    }

    /// Whether the operation requires authentication.
    var needsPrincipal: Bool { !security.isEmpty && !security.contains { $0.isEmpty } }
}

/// A parameter of an operation, or a header of a response.
package struct Parameter {
    let name: String
    let place: String
    /// Its position among the parameters of the path template.
    let index: Int
    let style: String
    let explodes: Bool
    let isJSON: Bool
    let value: Value
    let shape: TextShape
    let isRequired: Bool
    let defaultValue: DefaultValue?
    let description: String?

    /// Whether the Swift type is optional.
    var isOptional: Bool { value.isNullable || (!isRequired && defaultValue == nil) }
}

/// The body of a request or response, in one of several media types.
package struct Body {
    let contents: [Content]
    let isRequired: Bool

    /// The only media type; nil if there are several.
    var only: Content? { contents.count == 1 ? contents.first : nil }

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

/// One media type of a body.
package struct Content {
    package enum Kind {
        case json(Value)
        /// `application/x-www-form-urlencoded`.
        case form(Value, shape: TextShape)
        case multipart(Value, shape: TextShape)
        case text(Value)
        case bytes
        /// JSON texts, one per line.
        case lines(Value)
        /// `text/event-stream`, with the data of each event as JSON.
        case events(Value)
    }

    let mediaType: String
    /// A word for the media type: `json`, `form`, `text`.
    let label: String
    let kind: Kind
}

/// A response that a handler returns. Problems are thrown instead.
package struct Response {
    let status: ResponseObject.Status
    let body: Body?
    let headers: [Parameter]
    let description: String?
}

/// One security scheme that a request must satisfy.
package struct SecurityRequirement {
    let scheme: SecuritySchemeObject
    let scopes: [String]
}

/// A path template, split at its slashes.
package struct PathTemplate {
    /// The content of one segment.
    package enum Piece: Hashable {
        case literal(String)
        case parameter(String)
    }

    let text: String
    let segments: [[Piece]]
    /// The required query of a path such as `/messages?beta=true`. It is empty in a correct document.
    var query = ""

    /// The names of the path parameters, in order.
    var parameterNames: [String] {
        segments.joined().compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    /// The template without parameter names. Templates with equal shapes match the same requests.
    var shape: [[Piece]] {
        segments.map { $0.map { if case .parameter = $0 { .parameter("") } else { $0 } } } + [[.literal(query)]]
    }
}

extension PathTemplate {
    /// Reads the template of a path item. Returns nil if it is invalid; the log then has the reason.
    init?(_ item: PathItem, log: inout DiagnosticLog) {
        let path = item.template.prefix { $0 != "?" && $0 != "#" }
        if path.count < item.template.count {
            log.strictly(
                .pathSyntax,
                "a path must not contain a query or fragment",
                at: item.templateLocation
            )
        }
        let query = String(item.template.dropFirst(path.count).dropFirst().prefix { $0 != "#" })
        var segments: [[PathTemplate.Piece]] = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let pieces = Self.pieces(of: segment) else {
                log.error(
                    .pathSyntax,
                    "the braces in '\(segment)' do not match, expected {name}",
                    at: item.templateLocation
                )
                return nil
            }
            segments.append(pieces)
        }
        if segments.count > 32 {
            log.error(
                .pathSyntax,
                "the path has \(segments.count) segments, expected at most 32",
                at: item.templateLocation
            )
            return nil
        }
        self.init(text: String(path), segments: segments, query: query)
    }

    private static func pieces(of segment: Substring) -> [PathTemplate.Piece]? {
        var pieces: [PathTemplate.Piece] = []
        var rest = segment
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else { return nil }
            if open > rest.startIndex { pieces.append(.literal(String(rest[..<open]))) }
            // Two adjacent parameters need literal text between them.
            if open == rest.startIndex, case .parameter? = pieces.last { return nil }
            let name = rest[rest.index(after: open)..<close]
            guard !name.isEmpty, !name.contains("{") else { return nil }
            pieces.append(.parameter(String(name)))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty || pieces.isEmpty { pieces.append(.literal(String(rest))) }
        return pieces
    }
}
