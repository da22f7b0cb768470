import Foundation

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
