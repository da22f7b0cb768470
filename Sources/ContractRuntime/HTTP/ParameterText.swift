/// Converts the texts of parameters to JSON and back, by style (OpenAPI 3.1, "Style Examples").
enum ParameterText {
    /// The source of the text.
    enum Source {
        /// A percent-encoded path segment.
        case text(String)
        /// The values of a header field.
        case values([String])
        /// The fields of a query or of cookies.
        case fields([FormField])
    }

    /// Converts a parameter to JSON; nil if it is absent.
    static func json(of parameter: ParameterDescription, texts: Source) throws(Violation) -> [UInt8]? {
        switch texts {
        case .text(let text): try path(parameter, text)
        case .values(let values): try header(parameter, values)
        case .fields(let fields): try query(parameter, fields)
        }
    }

    private static func violation(_ parameter: ParameterDescription, _ keyword: String, _ message: String) -> Violation
    {
        Violation(pointer: parameter.pointer, keyword: keyword, message: message)
    }

    private static func decoded(_ text: some StringProtocol, _ parameter: ParameterDescription) throws(Violation)
        -> String
    {
        guard let decoded = PercentEncoding.decode(text, isForm: parameter.place == .query) else {
            throw violation(parameter, "format", "\"\(text)\" is not percent-encoded UTF-8")
        }
        return decoded
    }

    // MARK: - Locations

    private static func path(_ parameter: ParameterDescription, _ text: String) throws(Violation) -> [UInt8] {
        var rest = text[...]
        var separator: Unicode.Scalar = ","
        switch parameter.style {
        case .label:
            guard rest.hasPrefix(".") else {
                throw violation(parameter, "format", "\"\(text)\", expected a leading '.'")
            }
            rest = rest.dropFirst()
            separator = parameter.explodes ? "." : ","
        case .matrix:
            guard rest.hasPrefix(";") else {
                throw violation(parameter, "format", "\"\(text)\", expected a leading ';'")
            }
            rest = rest.dropFirst()
            let isObject = if case .object = parameter.shape { true } else { false }
            if parameter.explodes, !parameter.shape.isScalar {
                let parts = rest.split(separator: ";", omittingEmptySubsequences: false)
                if isObject { return try object(of: parts.map { pair($0) }, parameter) }
                return try array(of: parts.map { $0.drop { $0 != "=" }.dropFirst() }, parameter)
            }
            guard rest.hasPrefix("\(parameter.name)=") || rest == parameter.name else {
                throw violation(parameter, "format", "\"\(text)\", expected a leading ';\(parameter.name)='")
            }
            rest = rest.drop { $0 != "=" }.dropFirst()
        default: break
        }
        return try delimited(rest, by: separator, parameter)
    }

    private static func header(_ parameter: ParameterDescription, _ values: [String]) throws(Violation) -> [UInt8]? {
        guard let first = values.first else { return nil }
        if parameter.shape.isScalar {
            guard values.count == 1 else {
                throw violation(parameter, "maxItems", "\"\(parameter.name)\" is given \(values.count) times")
            }
            var json = JSONWriter()
            parameter.shape.write(first, to: &json)
            return json.bytes
        }
        // Several fields with the same name are one list (RFC 9110, section 5.3).
        let list = values.joined(separator: ",").split(separator: ",", omittingEmptySubsequences: false).map {
            $0.trimmed
        }
        return try delimited(list, parameter, isEncoded: false)
    }

    private static func query(_ parameter: ParameterDescription, _ fields: [FormField]) throws(Violation) -> [UInt8]? {
        switch (parameter.style, parameter.shape) {
        case (.deepObject, _):
            let prefix = "\(parameter.name)["
            let own = fields.filter { $0.name.hasPrefix(prefix) }
            guard !own.isEmpty else { return nil }
            return try FormBody.json(of: own, below: parameter.name, shape: parameter.shape, pointer: parameter.pointer)
        case (_, .object(let members, _)) where parameter.explodes && parameter.place != .header:
            // Each member is a parameter with its own name.
            let own = fields.filter { members[$0.name] != nil }
            guard !own.isEmpty else { return nil }
            return try object(of: own.map { (name: $0.name[...], value: $0.rawValue[...]) }, parameter)
        default: break
        }
        let own = fields.filter { $0.name.hasSameScalars(as: parameter.name) }
        guard let first = own.first else { return nil }
        if case .array = parameter.shape, parameter.explodes, parameter.style == .form {
            return try array(of: own.map { $0.rawValue[...] }, parameter)
        }
        guard own.count == 1 else {
            throw violation(parameter, "maxItems", "\"\(parameter.name)\" is given \(own.count) times")
        }
        switch parameter.style {
        case .spaceDelimited:
            // traps: this is the function below, which compares bytes.
            let text = first.rawValue.replacing("%20", with: "+")
            return try delimited(text[...], by: "+", parameter)
        case .pipeDelimited:
            // traps: this is the function below, which compares bytes.
            let text = first.rawValue.replacing("%7C", with: "|").replacing("%7c", with: "|")
            return try delimited(text[...], by: "|", parameter)
        default: return try delimited(first.rawValue[...], by: ",", parameter)
        }
    }

    // MARK: - Arrays and objects

    private static func delimited(
        _ text: Substring,
        by separator: Unicode.Scalar,
        _ parameter: ParameterDescription
    ) throws(Violation) -> [UInt8] {
        if parameter.shape.isScalar {
            var json = JSONWriter()
            parameter.shape.write(try decoded(text, parameter), to: &json)
            return json.bytes
        }
        return try delimited(
            text.isEmpty
                ? []
                : text.unicodeScalars.split(separator: separator, omittingEmptySubsequences: false).map {
                    Substring($0)
                },
            parameter
        )
    }

    private static func delimited(
        _ parts: [Substring],
        _ parameter: ParameterDescription,
        isEncoded: Bool = true
    ) throws(Violation) -> [UInt8] {
        guard case .object = parameter.shape else { return try array(of: parts, parameter, isEncoded: isEncoded) }
        if parameter.explodes { return try object(of: parts.map { pair($0) }, parameter, isEncoded: isEncoded) }
        guard parts.count % 2 == 0 else {
            throw violation(parameter, "format", "\(parts.count) parts, expected alternating names and values")
        }
        let pairs = stride(from: 0, to: parts.count, by: 2).map { (name: parts[$0], value: parts[$0 + 1]) }
        return try object(of: pairs, parameter, isEncoded: isEncoded)
    }

    private static func pair(_ text: Substring) -> (name: Substring, value: Substring) {
        let name = text.prefix { $0 != "=" }
        return (name, text.dropFirst(name.count + 1))
    }

    private static func array(
        of items: [Substring],
        _ parameter: ParameterDescription,
        isEncoded: Bool = true
    ) throws(Violation) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for item in items {
            parameter.shape.item.write(isEncoded ? try decoded(item, parameter) : String(item), to: &json)
        }
        json.endArray()
        return json.bytes
    }

    private static func object(
        of pairs: [(name: Substring, value: Substring)],
        _ parameter: ParameterDescription,
        isEncoded: Bool = true
    ) throws(Violation) -> [UInt8] {
        var fields: [FormField] = []
        for pair in pairs {
            let name = isEncoded ? try decoded(pair.name, parameter) : String(pair.name)
            let value = isEncoded ? String(pair.value) : PercentEncoding.encode(String(pair.value))
            fields.append(FormField(name: name, rawValue: value))
        }
        return try FormBody.flat(fields, shape: parameter.shape, pointer: parameter.pointer)
    }
}

extension Substring {
    /// The text without spaces and tabs at its ends.
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        utf8.split(separator: text.utf8, omittingEmptySubsequences: false).map { Substring($0) }
            .joined(separator: other)
    }
}
