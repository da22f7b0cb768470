/// Media types (RFC 9110, section 8.3).
public enum MediaType {
    /// The type without its parameters, in small letters.
    static func essence(_ text: String) -> String {
        String(text.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }).lowercased()
    }

    static func isJSON(_ text: String) -> Bool {
        let essence = essence(text)
        return essence == "application/json" || essence.hasSuffix("+json")
    }

    /// A parameter's value, out of its quotes.
    static func parameter(_ name: String, of text: String) -> String? {
        var rest = text.drop { $0 != ";" }
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
            let key = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(key.count)
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            var value = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
                }
            } else {
                value = String(rest.prefix { $0 != ";" && $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            if key.lowercased() == name { return value }
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
