import ContractRuntime
import Greetings

/// Greets from the command line, through the same router and operation as a server.
@main
struct Greeter: Operations {
    func greet(_ input: Greet.Input) async throws(Problem) -> Greet.Output {
        .ok(Greeting(text: input.style == .warm ? "My dear \(input.name)!" : "Hello, \(input.name)."))
    }

    static func main() async throws {
        let path = Array((CommandLine.arguments.dropFirst().first ?? "/greetings/world").utf8)
        let query = CommandLine.arguments.dropFirst(2).first ?? ""
        let found = path.withUnsafeBytes { bytes -> (Route, [String])? in
            let segments = PathSegments(bytes)
            guard let item = PathItem.match(segments), let route = item.get else { return nil }
            return (route, segments.values(of: item.parameters))
        }
        guard let (route, parameters) = found else { return print("there is nothing at this path") }
        do {
            let request = Request(pathParameters: parameters, query: query)
            let (content, _) = try await Greeter().respond(to: request, on: route).body.encoded(for: .response)
            if case .bytes(let bytes) = content { print(String(decoding: bytes, as: UTF8.self)) }
        } catch {
            print(error.errors.map { "\($0.pointer) \($0.keyword): \($0.message)" }.joined(separator: "\n"))
        }
    }
}
