/// Finds the JSON Pointers of offsets in a text.
///
/// It reads the text again from the start, so the reader needs no path for valid input.
enum JSONLocator {
    private enum Step {
        /// A member, and the range of its name with quotes.
        case member(Range<Int>?)
        case item(Int)
    }

    /// The pointers of the values at `offsets`, in the same order. The text before them must be JSON.
    static func pointers(at offsets: [Int], in bytes: UnsafeRawBufferPointer) -> [String] {
        var pointers = Array(repeating: "", count: offsets.count)
        var pending = offsets.indices.sorted { offsets[$0] > offsets[$1] }
        var path: [Step] = []
        var isKey = false
        var index = 0
        while let next = pending.last {
            guard index < min(offsets[next], bytes.count) else {
                pointers[next] = pointer(of: path, in: bytes)
                pending.removeLast()
                continue
            }
            switch bytes[index] {
            case UInt8(ascii: "{"):
                path.append(.member(nil))
                isKey = true
            case UInt8(ascii: "["): path.append(.item(0))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                _ = path.popLast()
                isKey = false
            case UInt8(ascii: ","):
                if case .item(let position)? = path.last {
                    _ = path.popLast()
                    path.append(.item(position + 1))
                } else {
                    isKey = true
                }
            case UInt8(ascii: "\""):
                let end = endOfString(at: index, in: bytes)
                if isKey {
                    // An offset inside of a key refers to the member of that key.
                    _ = path.popLast()
                    path.append(.member(index..<end))
                    isKey = false
                }
                index = end - 1
            default: break
            }
            index += 1
        }
        return pointers
    }

    private static func pointer(of path: [Step], in bytes: UnsafeRawBufferPointer) -> String {
        path.reduce(into: "") { pointer, step in
            switch step {
            case .member(let name?): pointer += "/" + escape(unescaped(bytes[name]))
            case .member(nil): break
            case .item(let position): pointer += "/\(position)"
            }
        }
    }

    /// Encodes a member name as a reference token (RFC 6901, section 3).
    static func escape(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        return name.unicodeScalars.reduce(into: "") { token, scalar in
            switch scalar {
            case "~": token += "~0"
            case "/": token += "~1"
            default: token.unicodeScalars.append(scalar)
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
