/// Media types (RFC 9110, section 8.3).
public enum MediaType {
    /// The type in lower case, without its parameters.
    static func essence(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" })
        ).lowercased()
    }

    static func isJSON(_ text: String) -> Bool {
        let essence = essence(text)
        return essence == "application/json" || essence.hasSuffix("+json")
    }

    /// The value of a parameter, without quotes. Compares code points: Swift joins a quote with a combining mark that follows it.
    static func parameter(_ name: String, of text: String) -> String? {
        var rest = text.unicodeScalars.drop { $0 != ";" }
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
            let key = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(key.count)
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            var value = String.UnicodeScalarView()
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let scalar = rest.popFirst(), scalar != "\"" {
                    value.append(scalar == "\\" ? rest.popFirst() ?? "\\" : scalar)
                }
            } else {
                value.append(contentsOf: rest.prefix { $0 != ";" && $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            if String(key).lowercased() == name { return String(value) }
            rest = rest.drop { $0 != ";" }
        }
        return nil
    }

    /// The index in `mediaTypes` of the type that a `Content-Type` field matches; 0 if there is no field.
    public static func place(of field: String?, among mediaTypes: [String]) -> Int? {
        guard let field else { return mediaTypes.isEmpty ? nil : 0 }
        // The most common spelling.
        if let place = mediaTypes.firstIndex(of: field) { return place }
        let essence = essence(field)
        let known = mediaTypes.map(Self.essence)
        if let place = known.firstIndex(of: essence) { return place }
        if isJSON(essence), let place = known.firstIndex(where: isJSON) { return place }
        return known.firstIndex { $0 == "*/*" || ($0.hasSuffix("/*") && essence.hasPrefix($0.dropLast())) }
    }
}
