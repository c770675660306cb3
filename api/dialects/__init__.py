"""What hosted services' clients send and read: one folder a service, all with the same files.

`messages` holds the models of requests, answers and errors, `samplers` the names of samplers, `routes` the table of
the service's routes; the other modules make graphs of requests, and answers of their results.
"""
