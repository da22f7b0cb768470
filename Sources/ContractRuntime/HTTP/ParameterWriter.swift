/// Writes parameters by style (OpenAPI 3.1, "Style Examples").
enum ParameterWriter {
    /// The value of a header field, or of a parameter whose value is a single text.
    static func text(of value: JSONValue, _ parameter: ParameterDescription) -> String {
        if case .json = parameter.shape { return value.description }
        return joined(value, parameter, by: ",") { $0 }
    }

    /// The text of a path segment.
    static func segment(of value: JSONValue, _ parameter: ParameterDescription) -> String {
        if case .json = parameter.shape { return PercentEncoding.encode(value.description) }
        let encode = { PercentEncoding.encode($0) }
        switch parameter.style {
        case .label: return "." + joined(value, parameter, by: parameter.explodes ? "." : ",", encode)
        case .matrix:
            if parameter.explodes, case .array(let items) = value {
                return items.map { ";\(parameter.name)=\(encode($0.text))" }.joined()
            }
            if parameter.explodes, case .object(let members) = value {
                return members.map { ";\(encode($0.name))=\(encode($0.value.text))" }.joined()
            }
            return ";\(parameter.name)=" + joined(value, parameter, by: ",", encode)
        default: return joined(value, parameter, by: ",", encode)
        }
    }

    /// The pairs of a query or of cookies.
    static func pairs(of value: JSONValue, _ parameter: ParameterDescription) -> [String] {
        let encode = { PercentEncoding.encode($0) }
        let name = encode(parameter.name)
        if case .json = parameter.shape { return ["\(name)=\(encode(value.description))"] }
        switch (parameter.style, value) {
        case (.deepObject, .object(let members)):
            return members.flatMap { member in
                FormBody.text(of: .object([JSONMember(name: "\(parameter.name)[\(member.name)]", value: member.value)]))
                    .split(separator: "&").map(String.init)
            }
        case (_, .object(let members)) where parameter.explodes:
            return members.map { "\(encode($0.name))=\(encode($0.value.text))" }
        case (.form, .array(let items)) where parameter.explodes:
            return items.map { "\(name)=\(encode($0.text))" }
        case (.spaceDelimited, _): return ["\(name)=" + joined(value, parameter, by: "%20", encode)]
        case (.pipeDelimited, _): return ["\(name)=" + joined(value, parameter, by: "%7C", encode)]
        default: return ["\(name)=" + joined(value, parameter, by: ",", encode)]
        }
    }

    private static func joined(
        _ value: JSONValue,
        _ parameter: ParameterDescription,
        by separator: String,
        _ encode: (String) -> String
    ) -> String {
        switch value {
        case .array(let items): items.map { encode($0.text) }.joined(separator: separator)
        case .object(let members):
            members.map { "\(encode($0.name))\(parameter.explodes ? "=" : separator)\(encode($0.value.text))" }
                .joined(separator: separator)
        default: encode(value.text)
        }
    }
}
