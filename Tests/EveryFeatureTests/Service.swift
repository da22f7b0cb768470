import ContractRuntime
import EveryFeature

/// Handlers whose responses show the values they received.
struct Service: Operations {
    func readPath(_ input: ReadPath.Input) async throws(Problem) -> ReadPath.Output {
        let object = input.object.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let y = input.matrix.y.map { "\($0)" } ?? "-"
        return .ok("\(input.simple) \(input.list) \(input.label) \(input.matrix.x),\(y) \(object) \(input.file.text)")
    }

    func readQuery(_ input: ReadQuery.Input) async throws(Problem) -> ReadQuery.Output {
        let parts: [Any?] = [
            input.exploded, input.joined, input.spaces, input.pipes, input.deep.map(text), input.loose.map(text),
            input.json.map(text), input.limit, input.since, input.day, input.price, input.mail, input.order?.rawValue,
            input.either.map(text),
        ]
        return .ok(parts.map { $0.map { "\($0)" } ?? "-" }.joined(separator: " | "))
    }

    func readFields(_ input: ReadFields.Input) async throws(Problem) -> ReadFields.Output {
        let visits = input.visits.map { "\($0)" } ?? "-"
        return .ok("\(input.xCount) \(input.xList ?? []) \(input.xObject.map(text) ?? "-") \(input.theme) \(visits)")
    }

    private func text(_ value: some JSONWritable) -> String { String(decoding: JSONWriter.write(value), as: UTF8.self) }

    func sendForm(_ input: SendForm.Input) async throws(Problem) -> SendForm.Output { .ok(input.body) }

    func sendParts(_ input: SendParts.Input) async throws(Problem) -> SendParts.Output {
        let body = input.body
        let file =
            "\(body.attachment.filename ?? "-") \(body.attachment.contentType ?? "-") \(body.attachment.content.bytes.count)"
        let pictures = (body.pictures ?? []).map { "\($0.content.bytes)" }
        return .ok("\(body.note) \(body.count ?? 0) \(body.purchase?.item ?? "-") \(file) \(pictures)")
    }

    func sendBytes(_ input: SendBytes.Input) async throws(Problem) -> SendBytes.Output { .ok(input.body) }

    func sendText(_ input: SendText.Input) async throws(Problem) -> SendText.Output {
        input.body.map { .ok($0) } ?? .noContent
    }

    func sendSeveral(_ input: SendSeveral.Input) async throws(Problem) -> SendSeveral.Output {
        switch input.body {
        case .json(let filter): .ok(.json(filter))
        case .form(let filter): .ok(.text(filter.name ?? ""))
        case .text(let text): .ok(.text(text))
        }
    }

    func sendLines(_ input: SendLines.Input) async throws(Problem) -> SendLines.Output { .ok(input.body) }

    func watch(_ input: Watch.Input) async throws(Problem) -> Watch.Output {
        .ok(
            ServerEvents { [count = input.count] in
                AsyncThrowingStream { continuation in
                    for number in 1...count {
                        let circle = Circle(kind: .circle, radius: Double(number))
                        continuation.yield(ServerEvent(.circle(circle), event: "drawn", id: "\(number)"))
                    }
                    continuation.finish()
                }
            }
        )
    }

    func answer(_ input: Answer.Input) async throws(Problem) -> Answer.Output {
        switch input.status {
        case 200: .ok(headers: .init(xTotal: 3, xTags: ["a", "b"]))
        case 304: .notModified
        case 400..<500: .clientError(status: input.status, .init(reason: "no"))
        case 599: throw Problem(status: 503, code: "AWAY", detail: "the database is unavailable")
        default: .other(status: input.status, .empty)
        }
    }

    func sendShape(_ input: SendShape.Input) async throws(Problem) -> SendShape.Output { .created(input.body) }

    func createAccount(_ input: CreateAccount.Input) async throws(Problem) -> CreateAccount.Output {
        var account = input.body
        account.id = "a-1"
        return .created(account)
    }
}

/// Passes a client's requests to handlers in this process, through the same steps as a server: router, operation, bytes.
struct InProcess: Transport {
    let service: Service

    func send(_ request: ClientRequest) async throws -> ClientResponse {
        let (content, mediaType) = request.body.encoded(for: .request)
        let body: [UInt8] =
            switch content {
            case .bytes(let bytes): bytes
            case .stream(let stream): try await stream.collect(upTo: 1 << 20)
            }
        var headers = request.headers
        if let mediaType { headers.add("Content-Type", mediaType) }
        let path = Array(request.path.utf8)
        let found = path.withUnsafeBytes { bytes -> (PathItem, [String])? in
            let segments = PathSegments(bytes)
            return PathItem.match(segments, query: request.query).map { ($0, segments.values(of: $0.parameters)) }
        }
        guard let (item, parameters) = found else {
            throw Problem(status: 404, code: "NOT_FOUND", detail: request.path)
        }
        let routes = ["GET": item.get, "POST": item.post, "PUT": item.put]
        guard let route = routes[request.method] ?? nil else {
            throw Problem(status: 405, code: "METHOD", detail: request.method)
        }
        let incoming = Request(pathParameters: parameters, query: request.query, headers: headers, body: body)
        do throws(Problem) {
            let response = try await service.respond(to: incoming, on: route)
            let (content, mediaType) = response.body.encoded(for: .response)
            let stream = if case .stream(let stream) = content { stream } else { ByteStream([]) }
            let bytes = if case .bytes(let bytes) = content { ByteStream(bytes) } else { stream }
            var headers = response.headers
            if let mediaType { headers.add("Content-Type", mediaType) }
            return ClientResponse(status: response.status, headers: headers, body: bytes)
        } catch {
            let headers: HeaderFields = ["Content-Type": "application/problem+json"]
            return ClientResponse(status: error.status, headers: headers, body: ByteStream(error.body(requestID: "r")))
        }
    }
}
