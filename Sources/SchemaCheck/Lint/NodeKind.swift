/// What an object of a contract is. The names are those that configurable rules use for their subjects.
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

/// What the specification says about the value of a field.
indirect enum FieldShape: Sendable {
    case any
    case string
    case boolean
    case integer
    case number
    case scalar
    /// One of these words.
    case word([String])
    case object(NodeKind)
    case list(FieldShape)
    case map(FieldShape)
    /// `type` of a schema: a name, or a list of them.
    case types
    /// What is a boolean or a number, a schema or a boolean, depending on the version.
    case either(FieldShape, FieldShape)
}

/// The fields of a kind of object.
struct ObjectShape: Sendable {
    /// The fields of a closed vocabulary by their names.
    var fields: [String: FieldShape] = [:]
    /// The fields that must be there.
    var required: [String] = []
    /// What stands under any other name, for maps.
    var entries: FieldShape?
    /// Whether a reference may stand in the object's place.
    var isReferencable = false
    /// Fields that came with a later version than 3.0, by that version.
    var since: [String: String] = [:]
}
