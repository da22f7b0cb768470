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
    /// The encoding of the parts of a multipart or form body, by property.
    let encoding: [Node.Member]
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
