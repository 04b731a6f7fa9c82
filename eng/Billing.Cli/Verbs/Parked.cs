using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>
/// What the services of the running stack could not apply: shows it, and has it tried again. As ops, over the same
/// HTTP that the Console uses.
/// </summary>
internal static class Parked
{
    private const string Route = "/api/v1/parked";

    private static readonly string[] Services = ["ingestion", "pricing", "ledger", "invoicing", "stripe-sync"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Which parked messages are meant.</summary>
    internal sealed record Which(string? Topic, string? Key, string? Reason = null);

    public static Command Create()
    {
        var service = new Option<string?>("--service")
        {
            Description = $"One of {string.Join(", ", Services)}. [default for list: all of them]",
            HelpName = "name",
        };
        var topic = new Option<string?>("--topic") { Description = "Only of this topic.", HelpName = "name" };
        var key = new Option<string?>("--key") { Description = "Only of this business key.", HelpName = "key" };

        return new Verb(
            "parked",
            "Shows what the running services could not apply, and has it tried again.",
            "./billing parked list",
            "./billing parked show 17 --service ledger",
            "./billing parked redrive 17 --service ledger",
            "./billing parked redrive --topic billing.pricing.ratings.v1 --service ledger")
        {
            List(service, topic, key), Show(service), Redrive(service, topic, key),
        };
    }

    private static Verb List(Option<string?> service, Option<string?> topic, Option<string?> key)
    {
        var reason = new Option<string?>("--reason") { Description = "Part of the reason.", HelpName = "text" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line, for programs." };
        var verb = new Verb("list", "What is parked, the oldest first.", "./billing parked list --service ledger")
        {
            service, topic, key, reason, json,
        };
        verb.SetAction(async (parsed, cancellation) =>
        {
            var which = new Which(parsed.GetValue(topic), parsed.GetValue(key), parsed.GetValue(reason));
            var asked = parsed.GetValue(service) is { } one ? new[] { Known(one) } : Services;
            await PrintList(
                asked, which, parsed.GetValue(json), Checkout.Data, parsed.InvocationConfiguration.Output, cancellation);
        });
        return verb;
    }

    private static Verb Show(Option<string?> service)
    {
        var id = Id(ArgumentArity.ExactlyOne);
        var verb = new Verb(
            "show", "One parked message, with its body and headers.", "./billing parked show 17 --service ledger")
        {
            id, service,
        };
        verb.SetAction((parsed, cancellation) => PrintOne(
            Needed(parsed.GetValue(service)), parsed.GetRequiredValue(id)!.Value, Checkout.Data,
            parsed.InvocationConfiguration.Output, cancellation));
        return verb;
    }

    private static Verb Redrive(Option<string?> service, Option<string?> topic, Option<string?> key)
    {
        var id = Id(ArgumentArity.ZeroOrOne);
        var verb = new Verb(
            "redrive",
            "Has parked messages tried again, in order: one with those of its key before it, or all of a topic or key.",
            "./billing parked redrive 17 --service ledger",
            "./billing parked redrive --topic billing.pricing.ratings.v1 --key acme --service ledger")
        {
            id, service, topic, key,
        };
        verb.SetAction((parsed, cancellation) => Ask(
            Needed(parsed.GetValue(service)), parsed.GetValue(id),
            new(parsed.GetValue(topic), parsed.GetValue(key)), Checkout.Data,
            parsed.InvocationConfiguration.Output, cancellation));
        return verb;
    }

    internal static async Task PrintList(
        IReadOnlyList<string> services, Which which, bool json, string data, TextWriter output,
        CancellationToken cancellation)
    {
        var filters = Query(("topic", which.Topic), ("key", which.Key), ("reason", which.Reason));
        var count = 0;
        foreach (var service in services)
        {
            string? cursor = null;
            do
            {
                // A service that reads no facts yet has no such list, and so nothing in it.
                if (await Find(
                    service, HttpMethod.Get, $"{Route}?limit=100{filters}{Query(("cursor", cursor))}", null, data,
                    cancellation) is not { } page)
                    break;

                foreach (var item in page.GetProperty("items").EnumerateArray())
                {
                    count++;
                    output.WriteLine(json
                        ? $"{{\"service\":\"{service}\",{item.GetRawText().TrimStart('{')}"
                        : Line(service, item));
                }

                cursor = Text(page, "nextCursor");
            }
            while (cursor is not null);
        }

        if (!json && count == 0) output.WriteLine("Nothing is parked.");
    }

    internal static async Task PrintOne(
        string service, long id, string data, TextWriter output, CancellationToken cancellation)
    {
        var whole = await Call(service, HttpMethod.Get, $"{Route}/{id}", null, data, cancellation);
        output.WriteLine(JsonSerializer.Serialize(whole, Readable));
    }

    internal static async Task Ask(
        string service, long? id, Which which, string data, TextWriter output, CancellationToken cancellation)
    {
        if (id is null == which.Topic is null || (id is not null && which.Key is not null))
            throw new CannotGoOn("say which: an id, or --topic with or without --key.", exitCode: 2);

        var answer = await Call(
            service, HttpMethod.Post, id is null ? $"{Route}/redrive" : $"{Route}/{id}/redrive",
            id is null ? JsonContent.Create(Command(which)) : null, data, cancellation);
        var asked = answer.GetProperty("asked").GetInt32();
        output.WriteLine(asked == 0
            ? "Nothing of that is parked."
            : $"{asked} will be tried again; what fails stays parked (./billing parked list --service {service}).");
    }

    private static Dictionary<string, string> Command(Which which) => which.Key is { } key
        ? new() { ["topic"] = which.Topic!, ["key"] = key }
        : new() { ["topic"] = which.Topic! };

    private static string Line(string service, JsonElement item)
    {
        var place = Text(item, "number") is { } number ? $"lane {Text(item, "lane")} number {number}" : "raw";
        var asked = Text(item, "redriveAskedAt") is { } at ? $", redrive asked {at}" : "";
        return $"{service} {Text(item, "id")}  {Text(item, "topic")} {place}  key {Text(item, "key")}  "
            + $"since {Text(item, "parkedAt")}, {Text(item, "attempts")} attempts{asked}\n    {Text(item, "reason")}";
    }

    private static async Task<JsonElement> Call(
        string service, HttpMethod method, string path, HttpContent? body, string data, CancellationToken cancellation) =>
        await Find(service, method, path, body, data, cancellation)
            ?? throw new CannotGoOn($"{service} has nothing parked like that (404).");

    /// <summary>Null where there is nothing at the path.</summary>
    private static async Task<JsonElement?> Find(
        string service, HttpMethod method, string path, HttpContent? body, string data, CancellationToken cancellation)
    {
        var address = RunningStack.AddressOf(service, data);
        using var client = new HttpClient { BaseAddress = address, Timeout = Patience };
        using var request = new HttpRequestMessage(method, path) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer", Token.Issue("ops", null, "5m", data, TimeProvider.System));
        try
        {
            using var answer = await client.SendAsync(request, cancellation);
            if (answer.StatusCode == System.Net.HttpStatusCode.NotFound) return null;

            var json = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return answer.IsSuccessStatusCode
                ? json
                : throw new CannotGoOn(
                    $"{service} refuses ({(int)answer.StatusCode}): {Text(json, "detail") ?? Text(json, "title")}");
        }
        catch (Exception silent) when (silent is HttpRequestException or JsonException
            or TaskCanceledException { InnerException: TimeoutException })
        {
            throw new CannotGoOn($"{service} at {address} does not answer as it should: {silent.Message}");
        }
    }

    private static string Query(params (string Name, string? Value)[] parts) => string.Concat(
        parts.Where(part => part.Value is not null)
            .Select(part => $"&{part.Name}={Uri.EscapeDataString(part.Value!)}"));

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;

    private static Argument<long?> Id(ArgumentArity arity) =>
        new("id") { Description = "The number that list shows.", Arity = arity };

    private static string Needed(string? service) => Known(service ?? throw new CannotGoOn(
        "ids are of one service: name it with --service.", exitCode: 2));

    private static string Known(string service) => Services.Contains(service)
        ? service
        : throw new CannotGoOn(
            $"there is no service '{service}': choose of {string.Join(", ", Services)}.", exitCode: 2);
}
