import Foundation

extension SourceFile {
    /// The file at `path`, links followed, shown relative to the working directory where it lies below it; nil when it cannot be read.
    package convenience init?(reading path: String) {
        let real = Self.realPath(path)
        guard let data = FileManager.default.contents(atPath: real) else { return nil }
        let here = Self.realPath(FileManager.default.currentDirectoryPath) + "/"
        let displayPath = real.hasPrefix(here) ? String(real.dropFirst(here.count)) : real
        self.init(path: real, displayPath: displayPath, bytes: Array(data))
    }

    /// The path with its links followed.
    package static func realPath(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}
