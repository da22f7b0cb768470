/// Media types (RFC 9110, section 8.3).
public enum MediaType {
    /// The type without its parameters, in small letters.
    static func essence(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" })
        ).lowercased()
    }

    static func isJSON(_ text: String) -> Bool {
        let essence = essence(text)
        return essence == "application/json" || essence.hasSuffix("+json")
    }

    /// A parameter's value, out of its quotes. By code points: a quote that a combining mark follows is a quote.
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

    /// Which of `mediaTypes` a `Content-Type` field means; the first when there is no field.
    public static func place(of field: String?, among mediaTypes: [String]) -> Int? {
        guard let field else { return mediaTypes.isEmpty ? nil : 0 }
        // As most clients write it.
        if let place = mediaTypes.firstIndex(of: field) { return place }
        let essence = essence(field)
        let known = mediaTypes.map(Self.essence)
        if let place = known.firstIndex(of: essence) { return place }
        if isJSON(essence), let place = known.firstIndex(where: isJSON) { return place }
        return known.firstIndex { $0 == "*/*" || ($0.hasSuffix("/*") && essence.hasPrefix($0.dropLast())) }
    }
}
