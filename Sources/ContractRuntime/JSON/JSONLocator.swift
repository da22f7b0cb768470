/// Finds the JSON Pointer of a place in a text.
///
/// It reads the text again from the start, so the reader keeps no path while all is well: only a refused input pays.
enum JSONLocator {
    private enum Step {
        case member(String?)
        case item(Int)
    }

    /// The pointer of the value that starts at `offset`. The text before it must be JSON.
    static func pointer(at offset: Int, in bytes: UnsafeRawBufferPointer) -> String {
        var path: [Step] = []
        var isKey = false
        var index = 0
        while index < min(offset, bytes.count) {
            switch bytes[index] {
            case UInt8(ascii: "{"):
                path.append(.member(nil))
                isKey = true
            case UInt8(ascii: "["): path.append(.item(0))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                path.removeLast()
                isKey = false
            case UInt8(ascii: ","):
                if case .item(let position)? = path.last {
                    path[path.count - 1] = .item(position + 1)
                } else {
                    isKey = true
                }
            case UInt8(ascii: "\""):
                let end = endOfString(at: index, in: bytes)
                if isKey {
                    // A key that holds the offset itself names the member being read.
                    path[path.count - 1] = .member(unescaped(bytes[index..<end]))
                    isKey = false
                }
                index = end - 1
            default: break
            }
            index += 1
        }
        return path.reduce(into: "") { pointer, step in
            switch step {
            case .member(let name?): pointer += "/" + escape(name)
            case .member(nil): break
            case .item(let position): pointer += "/\(position)"
            }
        }
    }

    /// A member name as one reference token (RFC 6901, section 3).
    static func escape(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        return name.reduce(into: "") { token, character in
            switch character {
            case "~": token += "~0"
            case "/": token += "~1"
            default: token.append(character)
            }
        }
    }

    private static func endOfString(at start: Int, in bytes: UnsafeRawBufferPointer) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.count)
    }

    private static func unescaped(_ quoted: Slice<UnsafeRawBufferPointer>) -> String {
        var reader = JSONReader(UnsafeRawBufferPointer(rebasing: quoted), allowsNUL: true)
        guard let text = try? reader.readText() else { return "" }
        return text.string
    }
}
