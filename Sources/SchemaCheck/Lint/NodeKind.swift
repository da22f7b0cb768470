/// The kind of an object in a contract. Configurable rules use these names as subjects.
enum NodeKind: String, CaseIterable {
    case root = "Root"
    case info = "Info"
    case contact = "Contact"
    case license = "License"
    case server = "Server"
    case serverVariable = "ServerVariable"
    case tag = "Tag"
    case externalDocs = "ExternalDocs"
    case paths = "Paths"
    case webhooks = "WebhooksMap"
    case pathItem = "PathItem"
    case operation = "Operation"
    case parameter = "Parameter"
    case header = "Header"
    case requestBody = "RequestBody"
    case mediaTypes = "MediaTypesMap"
    case mediaType = "MediaType"
    case encoding = "Encoding"
    case responses = "Responses"
    case response = "Response"
    case link = "Link"
    case callback = "Callback"
    case example = "Example"
    case schema = "Schema"
    case discriminator = "Discriminator"
    case xml = "Xml"
    case components = "Components"
    case securityScheme = "SecurityScheme"
    case flows = "OAuth2Flows"
    case implicitFlow = "ImplicitFlow"
    case passwordFlow = "PasswordFlow"
    case clientCredentialsFlow = "ClientCredentials"
    case authorizationCodeFlow = "AuthorizationCode"
    case deviceFlow = "DeviceAuthorization"
    case securityRequirement = "SecurityRequirement"
}

/// The type of a field's value, as the specification defines it.
indirect enum FieldShape: Sendable {
    case any
    case string
    case boolean
    case integer
    case number
    case scalar
    /// One of these strings.
    case word([String])
    case object(NodeKind)
    case list(FieldShape)
    case map(FieldShape)
    /// `type` of a schema: a string or a list of strings.
    case types
    /// A boolean or another type (number, schema), depending on the OpenAPI version.
    case either(FieldShape, FieldShape)
}

/// The fields of a kind of object.
struct ObjectShape: Sendable {
    /// The fixed fields by name.
    var fields: [String: FieldShape] = [:]
    /// The required fields.
    var required: [String] = []
    /// The type of all other members, in maps.
    var entries: FieldShape?
    /// Whether a reference may replace the object.
    var isReferenceable = false
    /// Fields that a version later than 3.0 added, with that version.
    var since: [String: String] = [:]
}
