extension ModelBuilder {
    /// The value of a multipart body, where strings of bytes are files.
    mutating func withFiles(_ value: Value) -> Value {
        guard case .named(let name) = value.kind, case .structure(let properties, let others)? = model(name)?.shape
        else { return value }
        let changed = properties.map { property in
            var property = property
            property.value = fileValue(property)
            return property
        }
        change(name) { $0.shape = .structure(changed, others: others) }
        return value
    }

    private func fileValue(_ property: Property) -> Value {
        var value = property.value
        if case .array(let element, let least, let most) = value.kind, isFile(property.node["items"], element) {
            value.kind = .array(of: Value(kind: .file), minItems: least, maxItems: most)
        } else if isFile(property.node, value) {
            value.kind = .file
        }
        return value
    }

    /// `format: binary`, or a media type without an encoding (OpenAPI 3.1, "Considerations for File Uploads").
    private func isFile(_ node: Node?, _ value: Value) -> Bool {
        guard let node else { return false }
        let isBinary =
            node["format"]?.string == "binary" || (node["contentMediaType"] != nil && node["contentEncoding"] == nil)
        switch value.kind {
        case .string, .any: return isBinary
        default: return false
        }
    }
}
