using System.Diagnostics;
using System.Net.Http.Headers;
using Billing.Contracts;
using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.Services.Tests;

/// <summary>A service's own program, started as the AppHost starts it.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    private readonly OwnedProcess _process;

    private RunningService(string name, OwnedProcess process, Uri address)
    {
        (Name, _process) = (name, process);
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = address,
        };
    }

    public string Name { get; }

    public HttpClient Client { get; }

    public string Said => _process.Said;

    public static string Program(string service) => Programs.Path($"services/{service switch
    {
        Resources.StripeSync => "StripeSync",
        _ => char.ToUpperInvariant(service[0]) + service[1..],
    }}");

    public static RunningService Start(string service, IReadOnlyDictionary<string, string> environment)
    {
        var address = $"http://127.0.0.1:{FreePort.Find()}";
        // A shell stands in between, and it drops variables whose names have a dash.
        var variables = environment.Append(new("ASPNETCORE_URLS", address))
            .Select(variable => $"{variable.Key}={variable.Value}");
        var process = OwnedProcess.Start("/usr/bin/env", [.. variables, Program(service)]);
        return new RunningService(service, process, new Uri(address));
    }

    public async Task IsReady()
    {
        var last = "no answer";
        try
        {
            await Eventually.Is(async () =>
            {
                var answer = await Client.GetAsync(ServiceDefaults.Health.ReadyRoute);
                last = await answer.Content.ReadAsStringAsync();
                return answer.IsSuccessStatusCode;
            }, TimeSpan.FromMinutes(3)); // all of them start at once
        }
        catch (AssertionException)
        {
            Assert.Fail($"{Name} is not ready: {last}; exited: {_process.HasExited}; it said: {Said}");
        }
    }

    public async Task<HttpResponseMessage> Send(
        HttpMethod method, string path, string? token = null, HttpContent? content = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> Get(
        string path, string? token = null, params (string Name, string Value)[] headers) =>
        Send(HttpMethod.Get, path, token, null, headers);

    /// <summary>Runs the program to its end.</summary>
    public static async Task<(int Code, string Errors)> RunToEnd(
        string service, string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(Program(service), arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        foreach (var (name, value) in environment) process.StartInfo.Environment[name] = value;
        process.Start();
        var (output, errors) = (
            process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var enough = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(enough.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        await output;
        return (process.ExitCode, await errors);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
    }
}
