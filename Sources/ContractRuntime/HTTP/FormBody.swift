/// A name and a value of a query, a form or a cookie. The name is decoded, the value is still encoded.
struct FormField {
    let name: String
    let rawValue: String

    /// The pairs of `a=1&b=2`.
    static func fields(of text: String) -> [FormField] {
        text.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let name = Substring(pair.prefix { $0 != UInt8(ascii: "=") })
            let decoded = PercentEncoding.decode(name, isForm: true) ?? String(name)
            return FormField(name: decoded, rawValue: String(Substring(pair.dropFirst(name.utf8.count + 1))))
        }
    }

    /// The pairs of a `Cookie` field (RFC 6265, section 4.2.1).
    static func cookies(of text: String) -> [FormField] {
        text.utf8.split(separator: UInt8(ascii: ";")).map { pair in
            let pair = pair.drop { $0 == UInt8(ascii: " ") }
            let name = Substring(pair.prefix { $0 != UInt8(ascii: "=") })
            return FormField(name: String(name), rawValue: String(Substring(pair.dropFirst(name.utf8.count + 1))))
        }
    }
}

/// `application/x-www-form-urlencoded`, including nested names in brackets: `item[0][price]=3`.
enum FormBody {
    /// A tree of names. Its leaves are the values of the fields.
    indirect enum Tree {
        case values([String])
        case members([(name: String, tree: Tree)])
    }

    private static let depthLimit = 16

    /// Converts a body to JSON. `shape` decides the types of the values.
    static func json(of body: [UInt8], shape: TextShape) throws(Violation) -> [UInt8] {
        guard let text = String(validating: body, as: UTF8.self) else {
            throw Violation(pointer: "", keyword: "syntax", message: "the body is not UTF-8")
        }
        return try json(of: FormField.fields(of: text), below: nil, shape: shape, pointer: "")
    }

    /// Converts fields with bracket paths as names to JSON. They may all be below one name.
    static func json(
        of fields: [FormField],
        below name: String?,
        shape: TextShape,
        pointer: String
    ) throws(Violation) -> [UInt8] {
        var tree = Tree.members([])
        for field in fields {
            guard let value = PercentEncoding.decode(field.rawValue, isForm: true) else {
                throw Violation(
                    pointer: pointer,
                    keyword: "format",
                    message: "\"\(field.rawValue)\" is not percent-encoded UTF-8"
                )
            }
            var path = self.path(field.name)
            if name != nil { path.removeFirst() }
            guard path.count <= depthLimit, tree.insert(value, at: path[...]) else {
                throw Violation(
                    pointer: pointer,
                    keyword: "format",
                    message: "\"\(field.name)\" conflicts with the other fields"
                )
            }
        }
        var json = JSONWriter()
        write(tree, shape, to: &json)
        return json.bytes
    }

    /// Converts fields with plain names to JSON.
    static func flat(_ fields: [FormField], shape: TextShape, pointer: String) throws(Violation) -> [UInt8] {
        var tree = Tree.members([])
        for field in fields {
            guard let value = PercentEncoding.decode(field.rawValue) else {
                throw Violation(
                    pointer: pointer,
                    keyword: "format",
                    message: "\"\(field.rawValue)\" is not percent-encoded UTF-8"
                )
            }
            _ = tree.insert(value, at: [field.name])
        }
        var json = JSONWriter()
        write(tree, shape, to: &json)
        return json.bytes
    }

    /// `a[b][]` → `a`, `b`, ``
    private static func path(_ name: String) -> [String] {
        let first = name.prefix { $0 != "[" }
        var path = [String(first)]
        var rest = name[first.endIndex...]
        while rest.first == "[", let end = rest.firstIndex(of: "]") {
            path.append(String(rest[rest.index(after: rest.startIndex)..<end]))
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty ? path : [name]
    }

    private static func write(_ tree: Tree, _ shape: TextShape, to json: inout JSONWriter) {
        switch (tree, shape) {
        case (.values(let values), .array(let item)):
            json.beginArray()
            for value in values { item.write(value, to: &json) }
            json.endArray()
        case (.values(let values), _):
            if values.count == 1 { return shape.write(values[0], to: &json) }
            json.beginArray()
            for value in values { shape.write(value, to: &json) }
            json.endArray()
        case (.members(let members), .array(let item)):
            // `a[0]=x` and `a[]=x` are items, in the order of the body.
            json.beginArray()
            for member in members {
                if member.name.isEmpty, case .values(let values) = member.tree {
                    for value in values { item.write(value, to: &json) }
                } else {
                    write(member.tree, item, to: &json)
                }
            }
            json.endArray()
        case (.members(let members), _):
            json.beginObject()
            for member in members {
                json.name(member.name)
                write(member.tree, shape.member(member.name), to: &json)
            }
            json.endObject()
        }
    }

    /// Encodes the members of `value` as a form, with brackets for nested members.
    static func text(of value: JSONValue) -> String {
        var pairs: [String] = []
        func add(_ value: JSONValue, _ name: String) {
            switch value {
            case .object(let members):
                for member in members { add(member.value, name.isEmpty ? member.name : "\(name)[\(member.name)]") }
            case .array(let items) where items.allSatisfy(\.isScalar): for item in items { add(item, name) }
            case .array(let items): for (index, item) in items.enumerated() { add(item, "\(name)[\(index)]") }
            case .null: break
            default: pairs.append("\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value.text))")
            }
        }
        add(value, "")
        return pairs.joined(separator: "&")
    }
}

extension FormBody.Tree {
    /// Inserts a value at a path. Returns false if the path leads through a value.
    fileprivate mutating func insert(_ value: String, at path: ArraySlice<String>) -> Bool {
        guard let name = path.first else {
            guard case .values(let values) = self else {
                guard case .members(let members) = self, members.isEmpty else { return false }
                self = .values([value])
                return true
            }
            self = .values(values + [value])
            return true
        }
        guard case .members(var members) = self else { return false }
        let place = members.firstIndex { $0.name.hasSameScalars(as: name) } ?? members.endIndex
        if place == members.endIndex { members.append((name, .members([]))) }
        guard members[place].tree.insert(value, at: path.dropFirst()) else { return false }
        self = .members(members)
        return true
    }
}

extension JSONValue {
    var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }

    /// The value as in a parameter: a string has no quotes.
    var text: String {
        if case .string(let text) = self { text } else { description }
    }
}
