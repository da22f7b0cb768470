/// A temporary database.
public enum ScratchDatabase {
    /// Creates an empty database, or a copy of `template`, in the cluster of `url`, passes its connection string to `body`, and drops it.
    public static func with<Result>(
        at url: String,
        template: String? = nil,
        _ body: (_ url: String) async throws -> Result
    ) async throws -> Result {
        let name = "scratch_\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        try await Connection.runScript(
            "CREATE DATABASE \(name)" + (template.map { " TEMPLATE \"\($0)\"" } ?? ""),
            at: url
        )
        do {
            // The last of two equal settings counts (libpq manual, 34.1.1).
            let result = try await body(Self.url(url, database: name))
            try await Connection.runScript("DROP DATABASE \(name) WITH (FORCE)", at: url)
            return result
        } catch {
            try? await Connection.runScript("DROP DATABASE \(name) WITH (FORCE)", at: url)
            throw error
        }
    }

    /// The URL of another database on the same server.
    private static func url(_ url: String, database: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url + " dbname=\(database)" }
        let rest = url[scheme.upperBound...]
        let query = rest.firstIndex(of: "?").map { String(rest[$0...]) } ?? ""
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        return "\(url[..<scheme.upperBound])\(authority)/\(database)\(query)"
    }
}
