/// An OpenAPI document as written, in the terms of the specification (OpenAPI 3.1, section 4.8).
struct Document {
    let node: Node
    let title: String
    let version: String
    let tags: [Tag]
    let paths: [PathItem]
    let webhooks: [PathItem]
    let components: Components
    /// The security requirements of operations that have none.
    let security: Node?
}

/// A group of operations ("Tag Object").
struct Tag {
    let name: String
    let description: String?
}

/// The operations of one path template, webhook or callback ("Path Item Object").
struct PathItem {
    let template: String
    let templateLocation: Location
    let operations: [OperationObject]
}

/// One operation ("Operation Object").
struct OperationObject {
    let node: Node
    let method: String
    let id: String?
    let idLocation: Location
    let tag: Node?
    let summary: String?
    let description: String?
    let isDeprecated: Bool
    let parameters: [ParameterObject]
    let requestBody: RequestBodyObject?
    let responses: [ResponseObject]
    let callbacks: [PathItem]
    let security: Node?
}

/// A parameter or a header ("Parameter Object", "Header Object").
struct ParameterObject {
    let node: Node
    let name: String
    let place: String
    let isRequired: Bool
    let description: String?
    let style: String
    let explodes: Bool
    let schema: Node?
    /// The media type of a parameter that is described by `content`.
    let content: MediaTypeObject?
}

/// The body that an operation reads ("Request Body Object").
struct RequestBodyObject {
    let node: Node
    let isRequired: Bool
    let content: [MediaTypeObject]
}

/// A response of an operation ("Response Object").
struct ResponseObject {
    /// The key of a response in its operation.
    enum Status: Hashable {
        case code(Int)
        /// `4XX`: the first digit.
        case range(Int)
        case other
    }

    let node: Node
    let status: Status
    let statusLocation: Location
    let description: String?
    let headers: [ParameterObject]
    let content: [MediaTypeObject]
}

/// One media type of a body ("Media Type Object").
struct MediaTypeObject {
    let node: Node
    let mediaType: String
    let schema: Node?
    /// The schema of each item of a sequential media type (OpenAPI 3.2, `itemSchema`).
    let itemSchema: Node?
    let examples: [Node]
}

/// The reusable components of the document ("Components Object") that are not reached through references.
struct Components {
    let schemas: [Node.Member]
    let securitySchemes: [SecuritySchemeObject]
}

/// How a caller authenticates ("Security Scheme Object").
struct SecuritySchemeObject {
    enum Kind {
        case apiKey(place: String, name: String)
        case http(scheme: String)
        case oauth2
        case openIDConnect(url: String)
        case mutualTLS
    }

    let name: String
    let node: Node
    let kind: Kind
}

extension ResponseObject.Status {
    /// The name of the status.
    var name: String {
        switch self {
        case .other: "other"
        case .range(let digit): ["information", "success", "redirection", "clientError", "serverError"][digit - 1]
        case .code(let code): Self.names[code] ?? "status\(code)"
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
