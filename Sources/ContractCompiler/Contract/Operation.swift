/// One operation: what it takes and what it answers.
package struct Operation {
    /// The name of its function.
    let id: String
    /// The `operationId`, or the name that stands in for it.
    let contractID: String
    let typeName: String
    let method: String
    let template: PathTemplate
    let parameters: [Parameter]
    let body: Body?
    let responses: [Response]
    /// The schemes that a caller must satisfy: one of the alternatives, each of them whole. Empty for an open operation.
    let security: [[SecurityRequirement]]
    /// What an open operation may ask for all the same, as a server is configured (`x-optional-security`).
    let optionalSecurity: [[SecurityRequirement]]
    let summary: String?
    let description: String?
    let isDeprecated: Bool
    let node: Node

    /// Whether the operation looks at header fields: for parameters, for which of several representations the body has, or for the
    /// boundary of its parts.
    var readsHeaders: Bool {
        let contents = body?.contents ?? []
        let hasParts = contents.contains { if case .multipart = $0.kind { true } else { false } }
        return contents.count > 1 || hasParts || parameters.contains { ["header", "cookie"].contains($0.place) }
    }

    /// Whether a caller must be known.
    var needsPrincipal: Bool { !security.isEmpty && !security.contains { $0.isEmpty } }
}

/// A parameter of an operation, or a header of a response.
package struct Parameter {
    let swiftName: String
    let name: String
    let place: String
    /// Which parameter of the path template it is.
    let index: Int
    let style: String
    let explodes: Bool
    let isJSON: Bool
    let value: Value
    let shape: String
    let isRequired: Bool
    let defaultValue: String?
    let description: String?

    /// Whether the Swift type is optional.
    var isOptional: Bool { value.isNullable || (!isRequired && defaultValue == nil) }
}

/// What an operation reads, or answers with one status: one of several representations.
package struct Body {
    let contents: [Content]
    let isRequired: Bool

    /// The only representation; nil if there are several.
    var only: Content? { contents.count == 1 ? contents.first : nil }
}

/// One representation of a body.
package struct Content {
    package enum Kind {
        case json(Value)
        /// `application/x-www-form-urlencoded`.
        case form(Value, shape: String)
        case multipart(Value, shape: String)
        case text(Value)
        case bytes
        /// JSON texts one after the other, a line each.
        case lines(Value)
        /// `text/event-stream`, with the data of each event as JSON.
        case events(Value)
    }

    let mediaType: String
    let swiftName: String
    let kind: Kind

    /// The Swift type of the body.
    var swiftType: String {
        switch kind {
        case .json(let value), .form(let value, _), .multipart(let value, _), .text(let value): value.optionalType
        case .bytes: "Bytes"
        case .lines(let value): "JSONLines<\(value.optionalType)>"
        case .events(let value): "ServerEvents<\(value.optionalType)>"
        }
    }
}

/// An answer that a handler returns. Problems are thrown instead.
package struct Response {
    let status: ResponseObject.Status
    let swiftName: String
    let body: Body?
    let headers: [Parameter]
    let description: String?
}

/// One scheme that a request must satisfy.
package struct SecurityRequirement {
    let scheme: SecuritySchemeObject
    let scopes: [String]
}

/// A path template, split at its slashes.
package struct PathTemplate {
    /// What one segment is made of.
    package enum Piece: Hashable {
        case literal(String)
        case parameter(String)
    }

    let text: String
    let segments: [[Piece]]
    /// What the query must hold, in documents that write it into the path: `beta=true`. Empty as it should be.
    var query = ""

    /// The names of the parameters, in order.
    var parameterNames: [String] {
        segments.joined().compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    /// The template without its parameters' names: two of one shape match the same requests.
    var shape: [[Piece]] {
        segments.map { $0.map { if case .parameter = $0 { .parameter("") } else { $0 } } } + [[.literal(query)]]
    }
}
