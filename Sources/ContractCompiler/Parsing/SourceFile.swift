/// One file of a contract: its bytes and the path that diagnostics show.
package final class SourceFile: Sendable {
    /// Where the file lies, normalised: what references are resolved against.
    package let path: String
    /// The path as diagnostics and generated comments show it, relative to the package.
    package let displayPath: String
    /// The content.
    package let bytes: [UInt8]
    /// Where each line begins.
    private let lineStarts: [Int]

    /// A file of these bytes.
    package init(path: String, displayPath: String, bytes: [UInt8]) {
        self.path = path
        self.displayPath = displayPath
        self.bytes = bytes
        lineStarts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    /// Whether the file is JSON by its name, and so read by JSON's rules.
    var isJSON: Bool { path.hasSuffix(".json") }

    /// The text of a line, counted from 1; empty past the end.
    func line(_ number: Int) -> String {
        guard lineStarts.indices.contains(number - 1) else { return "" }
        let rest = bytes[lineStarts[number - 1]...]
        let line = rest.prefix { $0 != 0x0A }
        return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
}

/// A place in a file, counted from 1; columns count characters as libyaml does: Unicode code points.
package struct Location: Sendable {
    /// The file.
    package let file: SourceFile
    /// The line.
    package let line: Int
    /// The column.
    package let column: Int

    /// A place in `file`.
    package init(file: SourceFile, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

extension Location: CustomStringConvertible {
    /// `path:line:column`, which editors turn into a link.
    package var description: String { "\(file.displayPath):\(line):\(column)" }
}
