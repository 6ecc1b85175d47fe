"""Gateways by which messages leave: SMS by Aliyun, Tencent Cloud and Twilio, e-mail by SMTP, and chains of them.

Each says what became of a message in the words of :class:`~csdomain.messaging.ports.Gateway`: it was taken, it surely
was not, or nobody knows. Secrets, addresses and texts stand in no error, log or repr.
"""
