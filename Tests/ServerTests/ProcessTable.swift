import Foundation

/// The processes of this machine, according to `/proc` (proc(5)).
enum ProcessTable {
    struct Entry {
        let id: pid_t
        let arguments: [String]
    }

    /// The children of a process that have not ended.
    static func children(of parent: pid_t) -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { self.parent(of: $0) == parent }
            .map { Entry(id: $0, arguments: arguments(of: $0)) }
            .filter { !$0.arguments.isEmpty }
    }

    /// Whether a process runs `flotilla-server`; a zombie does not.
    static func isServer(_ id: pid_t) -> Bool {
        arguments(of: id).first?.hasSuffix("flotilla-server") == true
    }

    /// The environment with which a process was started.
    static func environment(of id: pid_t) -> [String] { strings("environ", of: id) }

    private static func arguments(of id: pid_t) -> [String] { strings("cmdline", of: id) }

    private static func strings(_ file: String, of id: pid_t) -> [String] {
        let data = FileManager.default.contents(atPath: "/proc/\(id)/\(file)") ?? Data()
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func parent(of id: pid_t) -> pid_t? {
        let data = FileManager.default.contents(atPath: "/proc/\(id)/stat") ?? Data()
        // The name in parentheses may contain anything.
        let rest = String(decoding: data, as: UTF8.self).split(separator: ")").last ?? ""
        let fields = rest.split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }
}
