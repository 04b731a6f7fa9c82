using Aspire.Hosting.Orchestration;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// Carries out what somebody asks of a resource: start, stop, restart, or a command of its own.
/// </summary>
public class ResourceCommandService
{
    private readonly IServiceProvider _services;
    private readonly ResourceLoggerService _logs;

    internal ResourceCommandService(IServiceProvider services, ResourceLoggerService logs)
    {
        _services = services;
        _logs = logs;
    }

    public Task<ExecuteCommandResult> ExecuteCommandAsync(
        IResource resource, string commandName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return ExecuteCommandAsync(resource.Name, commandName, cancellationToken);
    }

    public async Task<ExecuteCommandResult> ExecuteCommandAsync(
        string resourceId, string commandName, CancellationToken cancellationToken = default)
    {
        var resource = _services.GetRequiredService<DistributedApplicationModel>().Resources
            .FirstOrDefault(each => string.Equals(each.Name, resourceId, StringComparison.OrdinalIgnoreCase));
        if (resource is null) return CommandResults.Failure($"Resource '{resourceId}' not found.");

        try
        {
            return await Execute(resource, commandName, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandResults.Canceled();
        }
        catch (DistributedApplicationException wrong)
        {
            return CommandResults.Failure(wrong.Message);
        }
    }

    private async Task<ExecuteCommandResult> Execute(
        IResource resource, string command, CancellationToken cancellation)
    {
        var own = resource.Annotations.OfType<ResourceCommandAnnotation>()
            .FirstOrDefault(each => each.Name == command);
        if (own is not null)
        {
            return await own.ExecuteCommand(new ExecuteCommandContext
            {
                ServiceProvider = _services,
                ResourceName = resource.Name,
                CancellationToken = cancellation,
                Logger = _logs.GetLogger(resource),
            });
        }

        var known = await _services.GetRequiredService<ApplicationOrchestrator>()
            .Execute(resource, command, cancellation);
        return known
            ? CommandResults.Success()
            : CommandResults.Failure($"Command '{command}' not available for resource '{resource.Name}'.");
    }
}
