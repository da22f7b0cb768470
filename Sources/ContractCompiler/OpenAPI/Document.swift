/// An OpenAPI 3.1 document ("OpenAPI Object"), with every reference to something other than a schema followed.
struct Document {
    let node: Node
    let title: String
    let version: String
    let tags: [Tag]
    let paths: [PathItem]
    let components: Components
    /// The security requirements of operations that name none.
    let security: Node?
}

/// A group of operations ("Tag Object").
struct Tag {
    let name: String
    let description: String?
}

/// The operations of one path template ("Path Item Object").
struct PathItem {
    let template: String
    let templateLocation: Location
    let operations: [OperationObject]
}

/// One operation ("Operation Object").
struct OperationObject {
    let node: Node
    let method: String
    let id: String
    let idLocation: Location
    let tag: Node?
    let summary: String?
    let description: String?
    let parameters: [ParameterObject]
    let requestBody: RequestBodyObject?
    let responses: [ResponseObject]
    let security: Node?
}

/// A parameter ("Parameter Object").
struct ParameterObject {
    let node: Node
    let name: String
    let place: String
    let isRequired: Bool
    let description: String?
    let schema: Schema
}

/// What an operation reads ("Request Body Object").
struct RequestBodyObject {
    let node: Node
    let content: [MediaTypeObject]
}

/// What an operation answers with one status ("Response Object").
struct ResponseObject {
    let node: Node
    let status: Int
    let statusLocation: Location
    let description: String?
    let content: [MediaTypeObject]
}

/// One representation of a body ("Media Type Object").
struct MediaTypeObject {
    let node: Node
    let mediaType: String
    let schema: Schema?
}

/// What the document names for reuse ("Components Object"), as far as it is not reached through references.
struct Components {
    let schemas: [Schema.Property]
    let securitySchemes: [SecuritySchemeObject]
}

/// How a caller proves who it is ("Security Scheme Object").
struct SecuritySchemeObject {
    let name: String
    let node: Node
    /// The header field that carries the key.
    let header: String
}
