/// A file in a multipart body: its bytes and its declared name and media type.
public struct FilePart: Hashable, Sendable {
    /// The file name, if the sender gave one.
    public var filename: String?
    /// The media type of the part, if the sender gave one.
    public var contentType: String?
    /// The bytes.
    public var content: Bytes

    /// Creates a file.
    public init(content: Bytes, filename: String? = nil, contentType: String? = nil) {
        self.filename = filename
        self.contentType = contentType
        self.content = content
    }
}

extension FilePart: ContractModel {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case filename, contentType, content
    }

    private static let members = MemberTable(CodingKeys.self, required: [.content])

    public init?(from json: inout JSONReader) throws(JSONSyntaxError) {
        let start = try json.position()
        guard try json.beginObject() else { return nil }
        var filename: String?
        var contentType: String?
        var content: Bytes?
        var seen = SeenMembers()
        while let key = try json.nextKey(in: Self.members, &seen) {
            switch key {
            case .filename: filename = try json.string()
            case .contentType: contentType = try json.string()
            case .content: content = try json.base64()
            }
        }
        json.require(Self.members, seen, at: start)
        guard let content else { return nil }
        self.init(content: content, filename: filename, contentType: contentType)
    }

    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("filename", ifPresent: filename)
        json.member("contentType", ifPresent: contentType)
        json.member("content", content)
        json.endObject()
    }
}

/// `multipart/form-data` and similar types (RFC 7578, RFC 2046 section 5.1).
enum Multipart {
    private struct Part {
        var name = ""
        var file: FilePart
    }

    private static let partLimit = 1_000

    /// Converts a body to JSON. Its parts become members with the types of `shape`.
    static func json(of body: [UInt8], contentType: String, shape: TextShape) throws(Violation) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        var order: [ExactText] = []
        var groups: [ExactText: [Part]] = [:]
        for part in try parts(of: body, contentType: contentType) {
            let name = ExactText(part.name)
            if groups[name] == nil { order.append(name) }
            groups[name, default: []].append(part)
        }
        for key in order {
            let (name, parts) = (key.text, groups[key] ?? [])
            // A list may be several parts with the same name, with or without brackets.
            let plain = name.hasSuffix("[]") ? String(name.dropLast(2)) : name
            json.name(plain)
            let member = shape.member(plain)
            if case .array(let item) = member {
                json.beginArray()
                for part in parts { try write(part, item, to: &json) }
                json.endArray()
            } else {
                guard parts.count == 1, let part = parts.first else {
                    let message = "\"\(name)\" is given \(parts.count) times"
                    throw Violation(pointer: "/\(JSONLocator.escape(name))", keyword: "maxItems", message: message)
                }
                try write(part, member, to: &json)
            }
        }
        json.endObject()
        return json.bytes
    }

    private static func write(_ part: Part, _ shape: TextShape, to json: inout JSONWriter) throws(Violation) {
        if case .file = shape { return part.file.write(to: &json) }
        guard let text = String(validating: part.file.content.bytes, as: UTF8.self) else {
            throw Violation(
                pointer: "/\(JSONLocator.escape(part.name))",
                keyword: "format",
                message: "the part is not UTF-8"
            )
        }
        // Objects are sent as JSON (OpenAPI 3.1, "Encoding Object").
        if !shape.isScalar || part.file.contentType.map(MediaType.isJSON) == true, JSONValue(text) != nil {
            return json.raw(text.utf8)
        }
        shape.write(text, to: &json)
    }

    private static func parts(of body: [UInt8], contentType: String) throws(Violation) -> [Part] {
        func malformed(_ message: String) -> Violation { Violation(pointer: "", keyword: "syntax", message: message) }
        guard let boundary = MediaType.parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count)
        else {
            throw malformed("the media type has no boundary")
        }
        let delimiter = Array("--\(boundary)".utf8)
        guard var position = find(delimiter, in: body, from: 0), position == 0 || body[position - 1] == 0x0A else {
            throw malformed("the body does not begin with its boundary")
        }
        var parts: [Part] = []
        while true {
            position += delimiter.count
            if body[position...].starts(with: [0x2D, 0x2D]) { return parts }
            while position < body.count, body[position] == 0x20 || body[position] == 0x09 { position += 1 }
            guard body[position...].starts(with: [0x0D, 0x0A]) else {
                throw malformed("a boundary has no line end")
            }
            position += 2
            guard let end = find([0x0D, 0x0A] + delimiter, in: body, from: position - 2) else {
                throw malformed("the body ends without its closing boundary")
            }
            guard parts.count < partLimit else { throw malformed("the body has more than \(partLimit) parts") }
            parts.append(try part(Array(body[position..<max(position, end)])))
            position = end + 2
        }
    }

    private static func part(_ bytes: [UInt8]) throws(Violation) -> Part {
        let blank: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        let isHeadless = bytes.starts(with: [0x0D, 0x0A])
        guard let end = isHeadless ? 0 : find(blank, in: bytes, from: 0) else {
            throw Violation(
                pointer: "",
                keyword: "syntax",
                message: "a part has no empty line after its header fields"
            )
        }
        var part = Part(file: FilePart(content: Bytes(Array(bytes[(end + (isHeadless ? 2 : 4))...]))))
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        for line in head.utf8.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            let value = String(Substring(line.dropFirst(name.count + 1).drop { $0 == UInt8(ascii: " ") }))
            switch Substring(name).lowercased() {
            case "content-disposition":
                part.name = MediaType.parameter("name", of: value) ?? ""
                part.file.filename = MediaType.parameter("filename", of: value)
            case "content-type": part.file.contentType = value
            default: break
            }
        }
        return part
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = pattern.first, bytes.count >= pattern.count, start <= bytes.count - pattern.count else {
            return nil
        }
        for index in start...(bytes.count - pattern.count) where bytes[index] == first {
            if bytes[index..<index + pattern.count].elementsEqual(pattern) { return index }
        }
        return nil
    }

    /// Encodes the members of `value`. The boundary does not occur in any part.
    static func body(of value: JSONValue, shape: TextShape) -> (bytes: [UInt8], boundary: String) {
        var parts: [(name: String, file: FilePart)] = []
        guard case .object(let members) = value else { return ([], "") }
        for member in members {
            if case .array(let items) = member.value, case .array(let item) = shape.member(member.name) {
                for value in items { parts.append((member.name, part(of: value, item))) }
            } else {
                parts.append((member.name, part(of: member.value, shape.member(member.name))))
            }
        }
        var boundary = "boundary"
        while parts.contains(where: { find(Array(boundary.utf8), in: $0.file.content.bytes, from: 0) != nil }) {
            boundary += String(UInt32.random(in: 0 ... .max), radix: 36)
        }
        var bytes: [UInt8] = []
        for part in parts {
            var head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(escaped(part.name))\""
            if let filename = part.file.filename { head += "; filename=\"\(escaped(filename))\"" }
            if let contentType = part.file.contentType { head += "\r\nContent-Type: \(contentType)" }
            bytes += Array("\(head)\r\n\r\n".utf8) + part.file.content.bytes + [0x0D, 0x0A]
        }
        bytes += Array("--\(boundary)--\r\n".utf8)
        return (bytes, boundary)
    }

    private static func part(of value: JSONValue, _ shape: TextShape) -> FilePart {
        if case .file = shape, let file = try? FilePart(json: JSONWriter.write(value)) { return file }
        if value.isScalar { return FilePart(content: Bytes(Array(value.text.utf8))) }
        return FilePart(content: Bytes(JSONWriter.write(value)), contentType: "application/json")
    }

    /// Quotes and line ends as forms escape them (WHATWG HTML, "multipart/form-data").
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\"": escaped += "%22"
            case "\r": escaped += "%0D"
            case "\n": escaped += "%0A"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
