import Foundation

/// One file of a contract: its bytes and its path for diagnostics.
package final class SourceFile: Sendable {
    /// The normalised path. References are resolved against it.
    package let path: String
    /// The path in diagnostics and generated comments, relative to the package.
    package let displayPath: String
    /// The content.
    package let bytes: [UInt8]
    /// The offset of the start of each line.
    private let lineStarts: [Int]

    /// Creates a file with these bytes.
    package init(path: String, displayPath: String, bytes: [UInt8]) {
        self.path = path
        self.displayPath = displayPath
        self.bytes = bytes
        lineStarts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    /// Whether the file's name ends in `.json`, so that it is read as JSON.
    var isJSON: Bool { path.hasSuffix(".json") }

    /// The text of a line, counted from 1. It is empty past the end.
    func line(_ number: Int) -> String {
        guard lineStarts.indices.contains(number - 1) else { return "" }
        let rest = bytes[lineStarts[number - 1]...]
        let line = rest.prefix { $0 != 0x0A }
        return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
}

extension SourceFile {
    /// Reads the file at `path`; nil if it cannot be read. Links are followed, and a path below the working directory is shown relative to it.
    package convenience init?(reading path: String) {
        let real = Self.realPath(path)
        guard let data = FileManager.default.contents(atPath: real) else { return nil }
        let here = Self.realPath(FileManager.default.currentDirectoryPath) + "/"
        let displayPath = real.hasPrefix(here) ? String(real.dropFirst(here.count)) : real
        self.init(path: real, displayPath: displayPath, bytes: Array(data))
    }

    /// The path with links resolved.
    package static func realPath(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}

/// A location in a file, counted from 1. Columns count Unicode code points, as libyaml does.
package struct Location: Sendable {
    /// The file.
    package let file: SourceFile
    /// The line.
    package let line: Int
    /// The column.
    package let column: Int

    /// Creates a location in `file`.
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
