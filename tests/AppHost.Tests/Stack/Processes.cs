using System.Diagnostics;
using System.Globalization;
using System.Text;
using Aspire.Hosting;

namespace Billing.AppHost.Tests.Stack;

/// <summary>The processes of a stack, from outside.</summary>
internal static class Processes
{
    /// <summary>Command lines of those that carry the mark in their command line or environment.</summary>
    public static IReadOnlyList<string> With(string mark) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Where(folder =>
                int.TryParse(Path.GetFileName(folder), out var id) && id != Environment.ProcessId)
            .Where(folder => Text(folder, "cmdline").Contains(mark, StringComparison.Ordinal)
                || Text(folder, "environ").Contains(mark, StringComparison.Ordinal))
            .Select(folder => $"{Path.GetFileName(folder)}: {Text(folder, "cmdline").Replace('\0', ' ')}")];

    /// <summary>The process id of a resource; 0 while it has none.</summary>
    public static int Of(DistributedApplication application, string resource) =>
        application.ResourceNotifications.TryGetCurrentState(resource, out var now)
            && now.Snapshot.Properties
                .FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } id
            ? Convert.ToInt32(id, CultureInfo.InvariantCulture) : 0;

    public static void Kill(int id)
    {
        id.ShouldNotBe(0);
        using var process = Process.GetProcessById(id);
        process.Kill();
    }

    /// <summary>The AppHost as its own process, until it ends.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAppHost(
        params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "AppHost.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static string Text(string folder, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, file)));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
